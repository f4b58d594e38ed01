"""Whether the server's own buffer for a connection has room.

ASGI has a server wait in `send` while the other end does not read, and uvicorn does. Daphne never waits: Twisted
keeps all that it is given, without bound, and what comes in likewise. But Twisted tells whoever asks when its buffer
is full and when it has room again, and its WebSockets can be told how much they take.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings

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
            protocol.maxFramePayloadSize = protocol.maxMessagePayloadSize = 2 * settings.MAX_FRAME_BYTES
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
