"""The two WebSockets: NoteConsumer for one note, LobbyConsumer for the list of notes.

A consumer is the connection and nothing more: it decodes what comes in, hands it to its note's room, and sends what
the room delivers.
"""

import asyncio
import json
import logging
import uuid
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from .models import Note
from .process import this_process
from .protocol import CloseCode, ProtocolError, decode
from .rooms import Room

logger = logging.getLogger(__name__)


class OutboxConsumer(AsyncWebsocketConsumer):
    """A consumer that never waits while it sends."""

    channel_layer_alias = None  # the process listens to the channel layer, once for all its connections

    async def connect(self) -> None:
        self.name = uuid.uuid4().hex[:8]
        self.is_shut = False
        self.process = this_process()
        self.process.connect(self)
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sending = asyncio.create_task(self.send_all())
        await self.accept()
        await self.enter()

    async def enter(self) -> None:
        """The connection is open."""

    def left(self) -> None:
        """The connection is over. May be called twice."""

    async def send_all(self) -> None:
        while True:
            await self.base_send(await self.outgoing.get())

    def shut(self, code: CloseCode, reason: str) -> None:
        """Closes after what already waits has been sent. Nothing more is heard."""
        if not self.is_shut:
            logger.info("shut connection=%s code=%s reason=%r", self.name, int(code), reason)
            self.is_shut = True
            self.outgoing.put_nowait({"type": "websocket.close", "code": int(code), "reason": reason})
            self.left()

    async def disconnect(self, code: int) -> None:
        self.sending.cancel()
        self.left()
        self.process.disconnect(self)


class NoteConsumer(OutboxConsumer):
    room: Room | None = None

    async def enter(self) -> None:
        note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        try:
            self.room = await self.process.join(note_id, self)
        except Note.DoesNotExist:
            self.shut(CloseCode.NO_SUCH_NOTE, "There is no such note.")
        else:
            logger.info("connect note=%s connection=%s", note_id, self.name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.room and not self.is_shut:
            try:
                self.room.receive(self, decode(bytes_data or b""))
            except ProtocolError as error:
                self.shut(CloseCode.MALFORMED_FRAME, str(error))

    def deliver(self, frame: bytes) -> None:
        if not self.is_shut:
            self.outgoing.put_nowait({"type": "websocket.send", "bytes": frame})

    def left(self) -> None:
        if self.room:
            self.room.remove(self)


class LobbyConsumer(OutboxConsumer):
    """Tells who is in which note and which notes changed. Listens to nothing."""

    async def enter(self) -> None:
        self.process.lobby.watch(self.tell)

    def tell(self, news: dict[str, Any]) -> None:
        self.outgoing.put_nowait({"type": "websocket.send", "text": json.dumps(news)})

    def left(self) -> None:
        self.process.lobby.watchers.discard(self.tell)
