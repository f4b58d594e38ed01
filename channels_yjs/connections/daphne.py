"""Everything that depends on Daphne and on Twisted, on which it runs. No other module knows either.

Backpressure: ASGI has a server wait in `send` while the other end does not read, and uvicorn does. Daphne never
waits: Twisted buffers without bound what it is given, and what it receives likewise. But Twisted reports when its
buffer is full and when it has room again, and its WebSockets accept a limit for what they receive.

Shutdown: Daphne has no lifespan events, but Twisted's reactor can be asked to wait for something before it stops.
(Daphne itself cancels its applications then, unless a browser keeps an idle HTTP connection open: it fails on that
one and cancels none.) Other servers close the sockets themselves, and browsers come back all the same.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from functools import cache, lru_cache
from typing import Any

from channels_yjs.conf import setting

logger = logging.getLogger(__name__)

# How much Twisted reads at a time. It handles all frames of one read before any other connection has a turn, and its
# default of 64 KiB may hold ten thousand.
READ_BYTES = 2 * 1024
MAX_PREPARED_BYTES = 64 * 1024  # more is rarely for everybody, and the last one is kept


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
            self._transport.unregisterProducer()  # the producer of the HTTP request that became this WebSocket
            self._transport.registerProducer(self, True)
            self._transport.bufferSize = READ_BYTES
            # Frames over the limit reach the consumer, which closes with 4413. Frames over twice the limit are
            # refused before they are buffered.
            protocol.maxFramePayloadSize = protocol.maxMessagePayloadSize = 2 * setting("MAX_FRAME_BYTES")
            # Close with a code. After a mere drop the browser reconnects and sends the same frame again.
            protocol.failByDrop = False

    def close(self) -> None:
        """Must be called before the connection is closed: Twisted waits for a registered producer to end."""
        self.is_open = True
        if self._transport:
            self._transport.unregisterProducer()
            self._transport = None

    def stop_reading(self) -> None:
        """Ignores whatever else comes, until the connection is closed."""
        if self._transport:
            self._transport.pauseProducing()

    def pauseProducing(self) -> None:
        self.is_open = False

    def resumeProducing(self) -> None:
        self.is_open = True
        self._on_open()

    def stopProducing(self) -> None:
        self._transport = None


def frame_writer(send: Callable[..., Any]) -> Callable[[bytes], bool] | None:
    """A function that writes a frame, or returns False if `send` has to. None under another server. A room sends all
    its connections the same frame; Autobahn, which Daphne uses, can encode it once."""
    protocol = daphne_protocol(send)
    if protocol is None:
        return None

    def write(frame: bytes) -> bool:
        if protocol.state != protocol.STATE_OPEN or len(frame) > MAX_PREPARED_BYTES:
            return False
        protocol.sendPreparedMessage(prepared(protocol.factory, frame))
        return True

    return write


@lru_cache(maxsize=1)
def prepared(factory: Any, frame: bytes) -> Any:
    """The frame as it is on the wire. Kept for the next connection, which gets the same."""
    return factory.prepareMessage(frame, isBinary=True)


def daphne_protocol(send: Callable[..., Any]) -> Any:
    """Daphne's end of a WebSocket, or None under another server. Daphne's `send` is a partial with that end bound.
    Channels' session middleware wraps it, for the cookies of HTTP answers alone."""
    while wrapped := getattr(getattr(send, "__self__", None), "real_send", None):
        send = wrapped
    arguments = getattr(send, "args", ())
    protocol = arguments[0] if arguments and hasattr(arguments[0], "transport") else None
    if protocol is None and getattr(sys.modules.get("twisted.internet.reactor"), "running", False):
        warn_of_wrapped(getattr(send, "__qualname__", type(send).__qualname__))
    return protocol


@cache
def warn_of_wrapped(send: str) -> None:
    logger.warning("nothing limits what Daphne buffers for a slow client: a middleware wraps its send in %s", send)


def before_shutdown(goodbye: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Has Daphne wait for `goodbye` before it stops. Does nothing under another server."""
    if "twisted.internet.reactor" not in sys.modules:
        return
    from twisted.internet.defer import Deferred

    def wait_for_goodbye() -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(goodbye()))

    reactor: Any = sys.modules["twisted.internet.reactor"]
    reactor.addSystemEventTrigger("before", "shutdown", wait_for_goodbye)
