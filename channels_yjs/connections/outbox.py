"""The queue of one connection. Putting something in never waits, and the queue is bounded.

Under most servers `send` is a coroutine that ends at once as long as the other end reads. So it is stepped right
where it is made, without a task: for a crowd, tasks would be most of the work. Only where it has to wait does a task
finish it, and meanwhile messages queue up. ASGI promises no more than an awaitable, though, and under Granian it is
not a coroutine: then a task awaits it from the start.

Invariant: messages leave in the order in which they came, and at most MAX_QUEUED_BYTES wait.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from types import CoroutineType
from typing import Any

from channels_yjs.conf import setting

from . import daphne

AsgiMessage = dict[str, Any]
Frame = bytes  # is sent as a binary message
Sending = Awaitable[None]

# The other end has left, and the consumer receives a disconnect of its own. ASGI asks for an OSError; Daphne's
# WebSockets raise a RuntimeError.
CONNECTION_LOST = (OSError, RuntimeError)
MESSAGE_BYTES = 256  # the memory that a message takes besides its frame


class Outbox:
    def __init__(self, send: Callable[[AsgiMessage], Sending]) -> None:
        self._send = send
        self._write = daphne.frame_writer(send)
        self._valve = daphne.Valve(send, self._go_on)
        self._queue: deque[tuple[AsgiMessage | Frame, int]] = deque()  # messages and their sizes in bytes
        self._queued_bytes = 0
        self._waiting: asyncio.Task[None] | None = None
        self._is_closed = False

    def put(self, message: AsgiMessage | Frame, size: int) -> bool:
        """Sends a message, now or as soon as there is room. Returns False if too much waits already."""
        if self._is_closed:
            return True
        if not (self._queue or self._waiting) and self._valve.is_open:
            self._step(message)
            return True
        size += MESSAGE_BYTES
        if self._queue and self._queued_bytes + size > setting("MAX_QUEUED_BYTES"):
            return False
        self._queue.append((message, size))
        self._queued_bytes += size
        return True

    def finish(self, message: AsgiMessage, *, drop: bool = False) -> None:
        """Sends a last message, behind the queue or in its place. Nothing else is sent from now on."""
        if drop:
            self._queue.clear()
            self._queued_bytes = 0
        if not self._is_closed:
            if drop:
                self._valve.stop_reading()
            self._valve.close()
            self._queue.append((message, 0))
            self._go_on()
            self._is_closed = True

    async def drained(self) -> None:
        """Returns when everything has been sent, or can never be."""
        while self._waiting:
            await asyncio.wait([self._waiting])

    def close(self) -> None:
        """The connection is gone."""
        self._is_closed = True
        self._queue.clear()
        self._valve.close()
        if self._waiting and self._waiting is not asyncio.current_task():
            self._waiting.cancel()

    def _go_on(self) -> None:
        while self._queue and not self._waiting and self._valve.is_open:
            message, size = self._queue.popleft()
            self._queued_bytes -= size
            self._step(message)

    def _step(self, message: AsgiMessage | Frame) -> None:
        try:
            if isinstance(message, Frame):
                if self._write and self._write(message):
                    return
                message = {"type": "websocket.send", "bytes": message}
            sending = self._send(message)
            rest = _Rest(sending, sending.send(None)) if isinstance(sending, CoroutineType) else sending
        except StopIteration:
            return
        except CONNECTION_LOST:
            self.close()
            return
        self._waiting = asyncio.create_task(self._finish(rest))
        self._waiting.add_done_callback(self._finished)

    async def _finish(self, rest: Sending) -> None:
        with suppress(*CONNECTION_LOST):
            await rest
            return
        self.close()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._waiting = None
        if not task.cancelled():
            task.result()  # any other exception than CONNECTION_LOST is a bug of ours; let it surface
            self._go_on()


class _Rest:
    """The rest of a coroutine that has been stepped and waits. Await it to continue it."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        try:
            while True:
                yield waits_for
                waits_for = self._coroutine.send(None)
        except StopIteration:
            return
        finally:
            self._coroutine.close()
