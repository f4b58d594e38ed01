"""One WebSocket, within its limits, and only as long as its person may have it. Knows close codes, not documents.

Rights are asked for at the door, and again whenever they may have changed. An answer that is late, or an error,
closes the connection with "try again". So nobody keeps a right by an error, and anyone who still has it comes back.

Invariant: delivering never waits. A client that reads so slowly that more than MAX_QUEUED_BYTES wait for it is
closed, and catches up when it connects again.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import copy_context
from typing import Any

from asgiref.sync import sync_to_async
from channels.db import aclose_old_connections
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django import db
from django.core.exceptions import PermissionDenied
from django.http import Http404

from channels_yjs.conf import setting
from channels_yjs.hub.hub import this_hub
from channels_yjs.hub.limits import Bucket
from channels_yjs.hub.rings import ANY_ACCOUNT
from channels_yjs.log.store import DocumentError
from channels_yjs.names import Owner
from channels_yjs.wire.messages import CloseCode, Refused

from .accounts import SESSION_ENDED, Account, account_of, session_now, user_now
from .daphne import before_shutdown
from .outbox import Outbox

logger = logging.getLogger(__name__)

SERVICE_RESTART = 1012  # the close code with which uvicorn says that it stops; it waits for what we do then
ANSWER_SECONDS = 1.75  # a right that was withdrawn ends within two seconds; leave some for the way here
LONGEST_REASON = 123  # bytes: a WebSocket's close frame has room for no more
# A connection yields to the others after so many frames, or after so much time of the processor: some frames take as
# long as hundreds of others.
FRAMES_IN_A_ROW = 32
TURN_SECONDS = 0.005


class BoundedConsumer(AsyncWebsocketConsumer):
    """A consumer that never waits to send, and limits what it accepts."""

    channel_layer_alias = None  # the room listens to the channel layer, once for all its connections

    def __init__(self) -> None:
        super().__init__()
        self.name = uuid.uuid4().hex[:8]
        self.is_shut = False
        self.account: Account | None = None
        self._is_open = self._has_entered = False
        self._asked_at: float | None = None  # the loop's time at which rights may have changed
        self._is_asking = False
        self._frames = 0
        self._turn_seconds = 0.0  # of the processor, since this connection last yielded to the others
        self._allowance = Bucket(setting("MAX_FRAMES_PER_SECOND"))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Does what Channels does, without the parts for consumers that listen to the channel layer: a task for each
        frame, and a hop to a thread and back."""
        self.scope, self.base_send = scope, send
        self.outbox = Outbox(send)
        self.hub = this_hub(lambda hub: before_shutdown(hub.say_goodbye))
        self.account = account_of(scope)
        self._context = copy_context()
        self.hub.connect(self)
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
            self.hub.admission.leave(self.address)
            self.hub.disconnect(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Does what Channels does, but does not look for old database connections each time, which takes two changes
        of thread."""
        match message["type"]:
            case "websocket.receive":
                if not self.is_shut:
                    await self._receive_within_limits(message)
            case "websocket.connect":
                await self.websocket_connect(message)
            case "websocket.disconnect":
                if message.get("code") == SERVICE_RESTART:
                    await self.hub.flush()
                await self.websocket_disconnect(message)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        await self.disconnect(message.get("code"))
        raise StopConsumer

    async def connect(self) -> None:
        await self.accept()
        self._is_open = True
        if self.refused:
            self.shut(self.refused.code, self.refused.reason)
        else:
            await self.enter()

    def _ask_for_admission(self) -> None:
        """Keeps a refusal until the connection is open: a browser cannot read the reason of a rejected handshake."""
        try:
            self.hub.admission.enter(self.address)
        except Refused as refused:
            self.refused = refused

    # Rights

    async def enter(self) -> None:
        """The connection is open and may stay, if its person may."""
        async with self.shutting_out():
            if not self.is_open_to_all:
                await aclose_old_connections()  # `authorize` is about to use one
            while True:
                self._asked_at = None
                await self._ask()
                await self.prepare()
                if self._asked_at is None:  # rights that changed meanwhile are asked for again
                    break
            if not self.is_shut:
                self._has_entered = True
                self.come_in()

    @property
    def is_open_to_all(self) -> bool:
        """Whether everybody may do everything here, so that no question can have another answer."""
        return False

    async def ask(self) -> None:
        """Finds out what this person may do. Raises Refused, PermissionDenied or Http404 if that is nothing."""

    async def prepare(self) -> None:
        """Does what takes time and is needed to come in."""

    def come_in(self) -> None:
        """The person may do what `ask` has found."""

    def go_on(self) -> None:
        """The person is in, and may do from now on what `ask` has found."""

    @property
    def turns(self) -> AbstractAsyncContextManager[Any]:
        """Is entered for as long as it asks again."""
        return nullcontext()

    def concerns(self, owner: Owner) -> bool:
        """Whether rights in this owner are rights of this connection."""
        return False

    def is_of_account(self, user: str) -> bool:
        return self.account is not None and user in (self.account.user, ANY_ACCOUNT)

    def is_of_session(self, fingerprint: str) -> bool:
        return self.account is not None and self.account.session == fingerprint

    def end_session(self) -> None:
        self.refused = Refused(CloseCode.NOT_ALLOWED, SESSION_ENDED)
        if self._is_open:
            self.shut(self.refused.code, self.refused.reason)

    def recheck(self) -> None:
        """Rights may have changed. Asks once more if it is asking already, so any number of these cost one question
        after another."""
        if self._asked_at is None:
            self._asked_at = asyncio.get_running_loop().time()
        if self._has_entered and not self._is_asking and not self.is_shut:
            self._is_asking = True
            self.hub.start(self._ask_again(), self._context)

    async def _ask_again(self) -> None:
        while self._asked_at is not None and not self.is_shut:
            until, self._asked_at = self._asked_at + ANSWER_SECONDS, None
            async with self.shutting_out():
                async with asyncio.timeout_at(until), self.turns:
                    await self._ask()
                if not self.is_shut:
                    self.go_on()
        self._is_asking = False

    async def _ask(self) -> None:
        try:
            await self._ask_once()
        except db.Error:  # perhaps only since a connection to the database has become stale
            await aclose_old_connections()
            await self._ask_once()

    async def _ask_once(self) -> None:
        if "session" in self.scope:
            self.scope["session"] = session_now(self.scope["session"])
        if self.account:
            user = await sync_to_async(user_now)(self.scope, self.account)
            if not (user and user.is_authenticated):
                raise Refused(CloseCode.NOT_ALLOWED, SESSION_ENDED)
            self.scope["user"] = user
        await self.ask()

    @asynccontextmanager
    async def shutting_out(self) -> AsyncIterator[None]:
        """Closes the connection, with a code, for any error on the way in, or when rights are asked for again.
        Unforeseen errors let nobody in either."""
        try:
            yield
        except (Refused, DocumentError) as refused:
            self.shut(refused.code, refused.reason)
        except PermissionDenied:
            self.shut(CloseCode.NOT_ALLOWED, "You may not open this.")
        except Http404:
            self.shut(CloseCode.NO_SUCH_DOCUMENT, "There is no such document.")
        except TimeoutError:
            logger.warning("rights not known in time connection=%s", self.name)
            self.shut(CloseCode.TRY_AGAIN, "The server could not find out in time what you may do.")
        except asyncio.CancelledError:  # as by a task that `authorize` shares with others
            self.shut(CloseCode.TRY_AGAIN, "The server could not find out what you may do.")
            raise
        except db.Error as error:
            logger.warning("rights not known connection=%s error=%r", self.name, error)
            self.shut(CloseCode.TRY_AGAIN, "The database does not answer.")
        except Exception:
            logger.exception("rights not known connection=%s", self.name)
            self.shut(CloseCode.TRY_AGAIN, "The server failed; its log says why.")

    def left(self) -> None:
        """The connection is over, for whatever reason. May be called twice."""

    def enqueue(self, message: dict[str, Any] | bytes, size: int) -> None:
        if not self.outbox.put(message, size):
            self.shut(CloseCode.TRY_AGAIN, "This connection reads too slowly.", at_once=True)

    def shut(self, code: int, reason: str, *, at_once: bool = False) -> None:
        """Closes after the queued messages have been sent, or instead of sending them. Ignores all further frames."""
        if not self.is_shut:
            logger.info("shut connection=%s code=%s reason=%r", self.name, int(code), reason)
            self.is_shut = True
            reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
            self.outbox.finish({"type": "websocket.close", "code": int(code), "reason": reason}, drop=at_once)
            self.left()

    async def _receive_within_limits(self, message: dict[str, Any]) -> None:
        self._frames += 1
        if self._frames % FRAMES_IN_A_ROW == 0 or self._turn_seconds > TURN_SECONDS:
            self._turn_seconds = 0.0
            await asyncio.sleep(0)
            if self.is_shut:  # meanwhile
                return
        frame, now = message.get("bytes"), time.monotonic()
        started = time.thread_time()  # this thread's processor time, so that nobody pays for other programs
        if not self._allowance.take(now):
            self.shut(CloseCode.FLOODING, "This connection sends faster than the server can process.")
        elif frame is not None and len(frame) > setting("MAX_FRAME_BYTES"):
            self.shut(CloseCode.TOO_LARGE, f"A frame may hold at most {setting('MAX_FRAME_BYTES')} bytes.")
        else:
            await self.websocket_receive(message)
            seconds = time.thread_time() - started
            self._turn_seconds += seconds
            self._allowance.take_for_work(time.monotonic(), seconds)

    async def _say_goodbye(self) -> None:
        """The server is ending this one connection: saves what it may have sent, and tells it the reason."""
        await self.hub.flush()
        self.shut(CloseCode.TRY_AGAIN, "The server is shutting down.")
        await self.outbox.drained()
