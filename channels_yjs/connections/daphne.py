"""What this package knows of Daphne and of Twisted, on which it runs. No other module knows either.

Backpressure: ASGI has a server wait in `send` while the other end does not read, and uvicorn does. Daphne never
waits: Twisted keeps all that it is given, without bound, and what comes in likewise. But Twisted tells whoever asks
when its buffer is full and when it has room again, and its WebSockets can be told how much they take.

Shutdown: Daphne has no lifespan events, but Twisted's reactor can be asked to wait for something before it stops.
(Daphne itself cancels its applications then, unless a browser keeps an idle HTTP connection open: it stumbles over
that one and cancels none.) Other servers close the sockets themselves, and browsers come back all the same.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from channels_yjs.conf import setting

# What Twisted reads at a time. It takes all frames of one reading before anybody else has a turn, and the 64 KiB that
# it reads otherwise may hold ten thousand.
READ_BYTES = 2 * 1024


class Valve:
    """Open while there is room. Calls `on_open` when there is room again.

    The methods in camel case are those of Twisted's IPushProducer.
    """

    def __init__(self, send: Callable[..., Any], on_open: Callable[[], None]) -> None:
        self.is_open = True
        self._on_open = on_open
        protocol = daphne_protocol(send)
        self._transport: Any = getattr(protocol, "transport", None)
        if self._transport:
            self._transport.unregisterProducer()  # that of the HTTP request which the WebSocket began as
            self._transport.registerProducer(self, True)
            self._transport.bufferSize = READ_BYTES
            # What a consumer is handed it answers with a close code; twice as much does not even get to memory.
            protocol.maxFramePayloadSize = protocol.maxMessagePayloadSize = 2 * setting("MAX_FRAME_BYTES")
            protocol.failByDrop = False  # but is told so: a browser that were just cut off would send it again

    def close(self) -> None:
        """Has to be called before the connection is closed, or else Twisted waits for more to send."""
        self.is_open = True
        if self._transport:
            self._transport.unregisterProducer()
            self._transport = None

    def stop_reading(self) -> None:
        """Nothing more that comes is of interest, until the connection is closed."""
        if self._transport:
            self._transport.pauseProducing()

    def pauseProducing(self) -> None:
        self.is_open = False

    def resumeProducing(self) -> None:
        self.is_open = True
        self._on_open()

    def stopProducing(self) -> None:
        self._transport = None


def daphne_protocol(send: Callable[..., Any]) -> Any:
    """Daphne's end of a WebSocket, or None under another server: its `send` is a method with that end bound to it."""
    arguments = getattr(send, "args", ())
    return arguments[0] if arguments and hasattr(arguments[0], "transport") else None


def before_shutdown(goodbye: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Has Daphne wait for `goodbye` before it stops. Does nothing under another server."""
    if "twisted.internet.reactor" not in sys.modules:
        return
    from twisted.internet.defer import Deferred

    def wait_for_goodbye() -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(goodbye()))

    reactor: Any = sys.modules["twisted.internet.reactor"]
    reactor.addSystemEventTrigger("before", "shutdown", wait_for_goodbye)
