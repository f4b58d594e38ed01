"""The two WebSockets: NoteConsumer for one note, LobbyConsumer for the list of notes.

A consumer is the connection and nothing more: it decodes what comes in, hands it to its note's room, and sends what
the room delivers.
"""

import asyncio
import json
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from .process import this_process
from .protocol import decode


class OutboxConsumer(AsyncWebsocketConsumer):
    """A consumer that never waits while it sends."""

    channel_layer_alias = None  # the process listens to the channel layer, once for all its connections

    async def connect(self) -> None:
        self.process = this_process()
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sending = asyncio.create_task(self.send_all())
        await self.accept()
        await self.enter()

    async def enter(self) -> None:
        """The connection is open."""

    def left(self) -> None:
        """The connection is over."""

    async def send_all(self) -> None:
        while True:
            await self.send(**await self.outgoing.get())

    async def disconnect(self, code: int) -> None:
        self.sending.cancel()
        self.left()


class NoteConsumer(OutboxConsumer):
    async def enter(self) -> None:
        note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        self.room = await self.process.join(note_id, self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes = b"") -> None:
        self.room.receive(self, decode(bytes_data))

    def deliver(self, frame: bytes) -> None:
        self.outgoing.put_nowait({"bytes_data": frame})

    def left(self) -> None:
        self.room.remove(self)


class LobbyConsumer(OutboxConsumer):
    """Tells who is in which note and which notes changed. Listens to nothing."""

    async def enter(self) -> None:
        self.process.lobby.watch(self.tell)

    def tell(self, news: dict[str, Any]) -> None:
        self.outgoing.put_nowait({"text_data": json.dumps(news)})

    def left(self) -> None:
        self.process.lobby.watchers.discard(self.tell)
