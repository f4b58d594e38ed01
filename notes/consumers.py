"""The two WebSockets: NoteConsumer for one note, LobbyConsumer for the list of notes.

A consumer is the connection and nothing more: it decodes what comes in, hands it to its note's room, and
sends what the room delivers. It knows close codes, not documents.

Invariant: delivering never waits. Frames queue per connection; a reader so slow that more than
MAX_QUEUED_BYTES wait for it is closed, and catches up when it connects again.
"""

import asyncio
import json
import logging
import uuid
from collections import deque
from contextlib import suppress
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django import db
from django.conf import settings

from .models import Note
from .process import this_process
from .protocol import CloseCode, ProtocolError, decode
from .rooms import Room

logger = logging.getLogger(__name__)


class QueueConsumer(AsyncWebsocketConsumer):
    """A consumer whose sends never wait: what cannot go out at once waits in a bounded queue."""

    channel_layer_alias = None  # the room listens to the channel layer, once for all its connections

    def __init__(self) -> None:
        super().__init__()
        self.name = uuid.uuid4().hex[:8]
        self._queue: deque[tuple[dict[str, Any], int]] = deque()  # messages and their sizes in bytes
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._is_shut = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.process = this_process()
        self.process.connect(self)
        sender = asyncio.create_task(self._send_queue())
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            await self._say_goodbye()
            raise
        finally:
            self.left()
            sender.cancel()
            self.process.disconnect(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As in Channels, less a hop to a thread and back for each frame that comes in."""
        if message["type"] == "websocket.receive":
            await self.websocket_receive(message)
        else:
            await super().dispatch(message)

    def deliver(self, frame: bytes) -> None:
        self.enqueue({"type": "websocket.send", "bytes": frame}, len(frame))

    def left(self) -> None:
        """The connection is over, in whatever way."""

    def enqueue(self, message: dict[str, Any], size: int) -> None:
        if self._is_shut:
            return
        if self._queue and self._queued_bytes + size > settings.MAX_QUEUED_BYTES:
            self._queue.clear()
            self.shut(CloseCode.TRY_AGAIN, "This connection reads too slowly.")
            return
        self._queue.append((message, size))
        self._queued_bytes += size
        self._wake.set()

    def shut(self, code: CloseCode, reason: str) -> None:
        """Closes after what already waits has been sent."""
        if not self._is_shut:
            logger.info("shut connection=%s code=%s reason=%r", self.name, int(code), reason)
            self._is_shut = True
            self._queue.append(({"type": "websocket.close", "code": int(code), "reason": reason}, 0))
            self._wake.set()

    async def _send_queue(self) -> None:
        with suppress(OSError):  # the other end is gone, which the consumer hears of in its own way
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._drain()

    async def _drain(self) -> None:
        while self._queue:
            message, size = self._queue.popleft()
            await self.base_send(message)
            self._queued_bytes -= size

    async def _say_goodbye(self) -> None:
        """This one connection is being ended by the server: saves what it may have sent, and says so."""
        await self.process.flush()
        self.shut(CloseCode.TRY_AGAIN, "The server is shutting down.")
        await self._drain()


class NoteConsumer(QueueConsumer):
    room: Room | None = None

    async def connect(self) -> None:
        await self.accept()
        note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        try:
            self.room = await self.process.join(note_id, self)
        except Note.DoesNotExist:
            self.shut(CloseCode.NO_SUCH_NOTE, "There is no such note.")
        except db.Error as error:
            logger.warning("join failed note=%s error=%r", note_id, error)
            self.shut(CloseCode.TRY_AGAIN, "The database does not answer.")
        else:
            logger.info("connect note=%s connection=%s", note_id, self.name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.room is None or self._is_shut:
            return
        if bytes_data is not None and len(bytes_data) > settings.MAX_FRAME_BYTES:
            self.shut(CloseCode.TOO_LARGE, f"A frame holds at most {settings.MAX_FRAME_BYTES} bytes.")
            return
        try:
            self.room.receive(self, decode(bytes_data or b""))
        except ProtocolError as error:
            self.shut(CloseCode.MALFORMED_FRAME, str(error))

    async def disconnect(self, code: int) -> None:
        note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        logger.info("disconnect note=%s connection=%s code=%s", note_id, self.name, code)

    def left(self) -> None:
        if self.room:
            self.room.remove(self)


class LobbyConsumer(QueueConsumer):
    """Tells who is in which note and which notes changed. Listens to nothing."""

    async def connect(self) -> None:
        await self.accept()
        self.process.lobby.watch(self.tell)

    def tell(self, news: dict[str, Any]) -> None:
        text = json.dumps(news)
        self.enqueue({"type": "websocket.send", "text": text}, len(text))

    def left(self) -> None:
        self.process.lobby.watchers.discard(self.tell)
