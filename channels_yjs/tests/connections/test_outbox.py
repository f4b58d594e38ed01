"""Which messages are sent at once, which wait, and how many."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from autobahn.exception import Disconnected
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from channels.sessions import InstanceSessionWrapper
from django.contrib.sessions.backends.cache import SessionStore
from twisted.internet.testing import StringTransport

from channels_yjs.connections import daphne
from channels_yjs.connections.daphne import MAX_PREPARED_BYTES
from channels_yjs.connections.outbox import MESSAGE_BYTES, AsgiMessage, Outbox


class Server:
    """The server's end of a connection: it sends while the other end reads, and waits while it does not."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.error: Exception | None = None

    async def send(self, message: AsgiMessage) -> None:
        await self.reading.wait()
        if self.error:
            raise self.error
        self.sent.append(message["text"])


class Protocol:
    """Daphne's end of a connection: it hands everything to Twisted and waits for nothing."""

    def __init__(self) -> None:
        self.transport: Any = cast(Any, StringTransport)()
        self.transport.producer = "the HTTP request, which the WebSocket began as"
        self.sent: list[Any] = []

    async def send(self, message: AsgiMessage) -> None:
        self.sent.append(message["text"])


FACTORY: Any = cast(Any, WebSocketServerFactory)()
FACTORY.setProtocolOptions(openHandshakeTimeout=0)


class OpenSocket(WebSocketServerProtocol):
    """Autobahn's own, after the handshake, on a transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.factory = FACTORY
        self.wire: Any = cast(Any, StringTransport)()
        self.wire.producer = "the HTTP request, which the WebSocket began as"
        cast(Any, self).makeConnection(self.wire)
        self.state = self.STATE_OPEN

    async def send(self, message: AsgiMessage) -> None:
        cast(Any, self).sendMessage(message["bytes"], isBinary=True)


class BoundSend:
    """Stands in for `functools.partial(server.handle_reply, protocol)`, which Daphne passes to its applications."""

    def __init__(self, protocol: Protocol | OpenSocket) -> None:
        self.args = (protocol,)

    def __call__(self, message: AsgiMessage) -> Any:
        return self.args[0].send(message)


class Promise:
    """Stands in for the return value of Granian's `send`: an awaitable that is not a coroutine."""

    def __init__(self, sending: Coroutine[Any, Any, None]) -> None:
        self._sending = sending

    def __await__(self) -> Generator[Any, Any, None]:
        return self._sending.__await__()


def put(outbox: Outbox, *texts: str) -> list[bool]:
    return [outbox.put({"text": text}, len(text)) for text in texts]


async def test_while_the_other_end_reads_everything_goes_at_once() -> None:
    server = Server()
    assert put(Outbox(server.send), "a", "b") == [True, True]
    assert server.sent == ["a", "b"]


async def test_what_cannot_go_waits_and_goes_in_order() -> None:
    server = Server()
    outbox = Outbox(server.send)
    server.reading.clear()
    put(outbox, "a", "b", "c")
    assert server.sent == []
    server.reading.set()
    put(outbox, "d")
    await outbox.drained()
    assert server.sent == ["a", "b", "c", "d"]


async def test_what_is_no_coroutine_goes_in_order_too_and_is_bounded(settings: Any) -> None:
    settings.YJS_MAX_QUEUED_BYTES = 3 * MESSAGE_BYTES
    server = Server()
    outbox = Outbox(lambda message: Promise(server.send(message)))
    server.reading.clear()
    assert put(outbox, "a", "b", "c", "d") == [True, True, True, False]
    server.reading.set()
    await outbox.drained()
    assert server.sent == ["a", "b", "c"]
    outbox.finish({"text": "close"})
    await outbox.drained()
    assert server.sent == ["a", "b", "c", "close"]


async def test_it_waits_again_as_often_as_it_must() -> None:
    server = Server()
    outbox = Outbox(server.send)
    for text in "abc":
        server.reading.clear()
        put(outbox, text)
        await asyncio.sleep(0)
        server.reading.set()
        await outbox.drained()
    assert server.sent == ["a", "b", "c"]


async def test_no_more_waits_than_is_allowed(settings: Any) -> None:
    settings.YJS_MAX_QUEUED_BYTES = 3 * MESSAGE_BYTES
    server = Server()
    outbox = Outbox(server.send)
    server.reading.clear()
    # One may always wait, or no large note would open.
    assert put(outbox, "sent and waiting", "x" * 5000) == [True, True]
    assert put(outbox, "a") == [False]
    outbox.finish({"text": "close"}, drop=True)
    server.reading.set()
    await outbox.drained()
    assert server.sent == ["sent and waiting", "close"]


async def test_what_has_been_sent_does_not_count_any_more(settings: Any) -> None:
    settings.YJS_MAX_QUEUED_BYTES = 3 * MESSAGE_BYTES
    server = Server()
    outbox = Outbox(server.send)
    for _ in range(10):
        server.reading.clear()
        assert all(put(outbox, "a", "b", "c"))
        server.reading.set()
        await outbox.drained()


async def test_after_the_last_message_nothing_is_sent() -> None:
    server = Server()
    outbox = Outbox(server.send)
    server.reading.clear()
    put(outbox, "a")
    outbox.finish({"text": "close"})
    put(outbox, "b")
    server.reading.set()
    await outbox.drained()
    assert server.sent == ["a", "close"]


@pytest.mark.parametrize("error", [ConnectionResetError(), Disconnected("autobahn's, which is no OSError")])
@pytest.mark.parametrize("is_waiting", [False, True])
@pytest.mark.parametrize("wrap", [lambda sending: sending, Promise], ids=["coroutine", "promise"])
async def test_a_connection_that_is_gone_is_no_fault(
    wrap: Callable[[Any], Any], is_waiting: bool, error: Exception
) -> None:
    server = Server()
    outbox = Outbox(lambda message: wrap(server.send(message)))
    server.error = error
    if is_waiting:
        server.reading.clear()
    put(outbox, "a", "b")
    server.reading.set()
    await outbox.drained()
    assert put(outbox, "c") == [True]
    assert server.sent == []


async def test_closing_ends_what_waits() -> None:
    server = Server()
    outbox = Outbox(server.send)
    server.reading.clear()
    put(outbox, "a")
    outbox.close()
    server.reading.set()
    await outbox.drained()
    assert server.sent == []


def with_session(send: Any) -> Any:
    """As AuthMiddlewareStack hands it on."""
    return InstanceSessionWrapper({"session": SessionStore()}, send).send


@pytest.mark.parametrize("wrap", [lambda send: send, with_session], ids=["bare", "with sessions"])
async def test_twisted_says_when_its_buffer_is_full(settings: Any, wrap: Any) -> None:
    settings.YJS_MAX_QUEUED_BYTES = 3 * MESSAGE_BYTES
    protocol = Protocol()
    outbox = Outbox(wrap(BoundSend(protocol)))
    assert protocol.transport.producer is not None
    put(outbox, "a")
    protocol.transport.producer.pauseProducing()
    assert put(outbox, "b", "c", "d") == [True, True, False]
    assert protocol.sent == ["a"]
    protocol.transport.producer.resumeProducing()
    assert protocol.sent == ["a", "b", "c"]


async def test_twisted_does_not_wait_for_more_once_the_connection_is_to_close() -> None:
    protocol = Protocol()
    outbox = Outbox(BoundSend(protocol))
    protocol.transport.producer.pauseProducing()
    outbox.finish({"text": "close"})
    assert protocol.sent == ["close"]
    assert protocol.transport.producer is None


async def test_daphne_encodes_a_frame_for_many_once_and_as_it_encodes_every_frame() -> None:
    frames = [b"x" * size for size in (1, 125, 126, 1000, MAX_PREPARED_BYTES, MAX_PREPARED_BYTES + 1)]
    sockets = [OpenSocket() for _ in range(3)]
    outboxes = [Outbox(BoundSend(socket)) for socket in sockets]
    daphne.prepared.cache_clear()
    for frame in frames:
        assert all(outbox.put(frame, len(frame)) for outbox in outboxes)
    assert daphne.prepared.cache_info().misses == len(frames) - 1  # a large one is not kept
    expected = OpenSocket()
    for frame in frames:
        await expected.send({"bytes": frame})
    assert {socket.wire.value() for socket in sockets} == {expected.wire.value()}


async def test_a_send_that_hides_daphne_is_warned_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "twisted.internet.reactor", SimpleNamespace(running=True))
    protocol = Protocol()
    daphne.warn_of_wrapped.cache_clear()
    for _ in range(2):
        put(Outbox(lambda message: BoundSend(protocol)(message)), "a")
    assert protocol.sent == ["a", "a"]
    assert caplog.text.count("a middleware wraps its send in") == 1


async def test_daphne_itself_is_asked_to_send_on_a_connection_that_ends() -> None:
    socket = OpenSocket()
    outbox = Outbox(BoundSend(socket))
    socket.state = socket.STATE_CLOSING
    assert outbox.put(b"x", 1)  # raises autobahn's Disconnected within
    assert socket.wire.value() == b""
    assert outbox.put(b"x", 1)
