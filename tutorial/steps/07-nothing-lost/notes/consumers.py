"""The WebSocket of a note. A consumer is the connection and nothing more: it decodes what comes in, hands it to its
note's room, and sends what the room delivers."""

import asyncio

from channels.generic.websocket import AsyncWebsocketConsumer

from .process import this_process
from .protocol import decode


class NoteConsumer(AsyncWebsocketConsumer):
    channel_layer_alias = None  # the process listens to the channel layer, once for all its connections

    async def connect(self) -> None:
        self.outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self.sending = asyncio.create_task(self.send_all())
        await self.accept()
        note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        self.room = await this_process().join(note_id, self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes = b"") -> None:
        self.room.receive(self, decode(bytes_data))

    def deliver(self, frame: bytes) -> None:
        self.outgoing.put_nowait(frame)

    async def send_all(self) -> None:
        while True:
            await self.send(bytes_data=await self.outgoing.get())

    async def disconnect(self, code: int) -> None:
        self.sending.cancel()
        self.room.remove(self)
