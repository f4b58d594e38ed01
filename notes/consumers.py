"""The two WebSockets: NoteConsumer for one note, LobbyConsumer for the list of notes.

A consumer is the connection and nothing more: it decodes what comes in, hands it to its note's room, and
sends what the room delivers. It knows close codes and limits, not documents.

Invariant: delivering never waits. A reader so slow that more than MAX_QUEUED_BYTES wait for it is closed, and
catches up when it connects again.
"""

import asyncio
import json
import logging
import time
import uuid
from typing import Any
from urllib.parse import parse_qs

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django import db

from channels_yjs.conf import setting
from channels_yjs.connections.limits import Bucket
from channels_yjs.connections.outbox import Outbox
from channels_yjs.wire.messages import CloseCode, ProtocolError, Refused, decode

from .documents import NoteError
from .models import Note
from .process import this_process
from .rooms import Room

logger = logging.getLogger(__name__)

FRAMES_IN_A_ROW = 32  # before the other connections get their turn,
TURN_SECONDS = 0.005  # and of the processor: some frames take as long as hundreds of others


class OutboxConsumer(AsyncWebsocketConsumer):
    """A consumer that never waits while it sends, and that answers for what it receives."""

    channel_layer_alias = None  # the room listens to the channel layer, once for all its connections

    def __init__(self) -> None:
        super().__init__()
        self.name = uuid.uuid4().hex[:8]
        self.is_shut = False
        self._frames = 0
        self._turn = 0.0  # how long this connection has had the processor since the others had their turn
        self._allowance = Bucket(setting("MAX_FRAMES_PER_SECOND"))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As in Channels, less what a consumer needs that listens to the channel layer: a task for each frame that
        comes in, and a hop to a thread and back."""
        self.scope, self.base_send = scope, send
        self.outbox = Outbox(send)
        self.process = this_process()
        self.process.connect(self)
        self.address = (scope.get("client") or [""])[0]
        self.refused: Refused | None = None
        try:
            self._ask_for_admission()
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        except asyncio.CancelledError:
            await self._say_goodbye()
            raise
        finally:
            self.left()
            self.outbox.close()
            self.process.admission.leave(self.address)
            self.process.disconnect(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        if message["type"] != "websocket.receive":
            await super().dispatch(message)
        elif not self.is_shut:
            await self._receive_within_limits(message)

    async def connect(self) -> None:
        await self.accept()
        if self.refused:
            self.shut(self.refused.code, self.refused.reason)
        else:
            await self.enter()

    def _ask_for_admission(self) -> None:
        """The answer is told once the connection is open: before that, a browser could not read it."""
        try:
            self.process.admission.enter(self.address)
        except Refused as refused:
            self.refused = refused

    async def enter(self) -> None:
        """The connection is open and may stay."""

    def left(self) -> None:
        """The connection is over, in whatever way. May be called twice."""

    def enqueue(self, message: dict[str, Any], size: int) -> None:
        if not self.outbox.put(message, size):
            self.shut(CloseCode.TRY_AGAIN, "This connection reads too slowly.", at_once=True)

    def shut(self, code: int, reason: str, *, at_once: bool = False) -> None:
        """Closes after what already waits has been sent, or instead of sending it. Nothing more is heard."""
        if not self.is_shut:
            logger.info("shut connection=%s code=%s reason=%r", self.name, int(code), reason)
            self.is_shut = True
            self.outbox.finish({"type": "websocket.close", "code": int(code), "reason": reason}, drop=at_once)
            self.left()

    async def _receive_within_limits(self, message: dict[str, Any]) -> None:
        self._frames += 1
        if self._frames % FRAMES_IN_A_ROW == 0 or self._turn > TURN_SECONDS:
            self._turn = 0.0
            await asyncio.sleep(0)
        frame, now = message.get("bytes"), time.monotonic()
        started = time.thread_time()  # of the processor: nobody pays for what other programs take
        if not self._allowance.take(now):
            self.shut(CloseCode.FLOODING, "This connection sends more than the server can do for it.")
        elif frame is not None and len(frame) > setting("MAX_FRAME_BYTES"):
            self.shut(CloseCode.TOO_LARGE, f"A frame holds at most {setting('MAX_FRAME_BYTES')} bytes.")
        else:
            await self.websocket_receive(message)
            seconds = time.thread_time() - started
            self._turn += seconds
            self._allowance.take_for_work(time.monotonic(), seconds)

    async def _say_goodbye(self) -> None:
        """This one connection is being ended by the server: saves what it may have sent, and says so."""
        await self.process.flush()
        self.shut(CloseCode.TRY_AGAIN, "The server is shutting down.")
        await self.outbox.drained()


class NoteConsumer(OutboxConsumer):
    room: Room | None = None

    @property
    def note_id(self) -> int:
        return int(self.scope["url_route"]["kwargs"]["note_id"])

    @property
    def identity(self) -> str:
        """Of the note that the page was made for, as our pages say it. Other clients know only a number."""
        query: bytes = self.scope.get("query_string", b"")
        return parse_qs(query.decode("latin-1")).get("identity", [""])[0]

    async def enter(self) -> None:
        try:
            self.room = await self.process.join(self.note_id, self, self.identity)
        except NoteError as error:
            self.shut(error.code, error.reason)
        except Note.DoesNotExist:
            self.shut(CloseCode.NO_SUCH_NOTE, "There is no such note.")
        except db.Error as error:
            logger.warning("join failed note=%s error=%r", self.note_id, error)
            self.shut(CloseCode.TRY_AGAIN, "The database does not answer.")
        else:
            logger.info("connect note=%s connection=%s", self.note_id, self.name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.room:
            try:
                self.room.receive(self, decode(bytes_data or b""))
            except ProtocolError as error:
                self.shut(CloseCode.MALFORMED_FRAME, str(error))

    def deliver(self, frame: bytes) -> None:
        self.enqueue({"type": "websocket.send", "bytes": frame}, len(frame))

    async def disconnect(self, code: int) -> None:
        logger.info("disconnect note=%s connection=%s code=%s", self.note_id, self.name, code)

    def left(self) -> None:
        if self.room:
            self.room.remove(self)


class LobbyConsumer(OutboxConsumer):
    """Tells who is in which note and which notes changed. Listens to nothing."""

    async def enter(self) -> None:
        self.process.lobby.watch(self.tell)

    def tell(self, news: dict[str, Any]) -> None:
        text = json.dumps(news)
        self.enqueue({"type": "websocket.send", "text": text}, len(text))

    def left(self) -> None:
        self.process.lobby.watchers.discard(self.tell)
