"""Connections that are slow, silent, cut in the middle of a frame, or never read (G5, G7)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection

from channels_yjs.wire import messages
from channels_yjs.wire.messages import SyncStatus, SyncUpdate
from e2e.faults.conftest import WRITERS, socket_of
from e2e.faults.crowd import Crowd, CrowdPeer
from e2e.faults.proxy import Proxy
from e2e.support.lines import patient_async
from tools.app_server import AppServer, UvicornServer

pytestmark = pytest.mark.chapter(10)

MEBIBYTE = 1024 * 1024
QUEUE_BYTES = MEBIBYTE
SLEEPERS, TYPISTS = 10, 20
SAVED = messages.encode(SyncStatus(b"all of it"))
MAX_GROWTH = 100 * MEBIBYTE  # growth of a process that has passed on thousands of shouts
SHOUT_BYTES = 100_000
MOST_SHOUTS = 400  # until everyone who reads nothing has been closed: more than all buffers on the way hold
SHOUTS_AFTERWARDS = 20  # after everyone who reads nothing has been closed


@pytest.fixture(params=[AppServer, UvicornServer], ids=["daphne", "uvicorn"])
def server(
    request: pytest.FixtureRequest, start_server: Callable[..., AppServer], database_url: Callable[[], str]
) -> AppServer:
    kind = request.param
    limits = {"MAX_QUEUED_BYTES": str(QUEUE_BYTES), "LOG_LEVEL": "INFO"}
    return start_server(database_url(), kind=kind, **limits)


@pytest.fixture
def proxy(crowd: Crowd, server: AppServer) -> Iterator[Proxy]:
    with Proxy(crowd, server.port) as proxy:
        yield proxy


def test_a_slow_and_uneven_line_costs_time_only(crowd: Crowd, server: AppServer, proxy: Proxy) -> None:
    proxy.delay_seconds, proxy.jitter_seconds = 0.1, 0.3
    url = socket_of(server)
    crowd.join(WRITERS // 2, url)
    crowd.join(WRITERS // 2, proxy.url(url))
    crowd.wait(3)
    crowd.expect_converged()
    assert not [code for writer in crowd.writers for code in writer.closed]


def test_a_line_that_is_reset_in_the_middle_of_a_frame_loses_nothing(
    crowd: Crowd, server: AppServer, proxy: Proxy, is_short: bool
) -> None:
    url = socket_of(server)
    crowd.join(2, url)
    distant = crowd.join(WRITERS, proxy.url(url), pause=0.02)
    for cut in range(5 if is_short else 30):
        before = sum(len(writer.closed) for writer in distant)
        proxy.reset_in_the_middle(after=37 + 61 * cut)
        crowd.until(lambda so_far=before: sum(len(writer.closed) for writer in distant) > so_far, "the line is cut")
        crowd.until(lambda: all(writer.is_synced for writer in distant), "everybody is back")
    crowd.expect_converged()
    crowd.expect_nothing_lost(url)


@pytest.mark.parametrize("direction", ["to_server", "to_client", "both"])
def test_a_line_that_is_dead_without_a_word_catches_up_when_it_is_cut(
    crowd: Crowd, server: AppServer, proxy: Proxy, direction: str
) -> None:
    """Half-open: nothing passes, one way or both ways, and neither end is told."""
    url = socket_of(server)
    near = crowd.join(2, url)
    distant = crowd.join(2, proxy.url(url))
    stopped = [proxy.to_server, proxy.to_client] if direction == "both" else [getattr(proxy, direction)]
    proxy.stop(*stopped)
    words = crowd.do(lambda: {writer.type_word() for writer in near})
    crowd.until(lambda: all(writer.words >= words for writer in near), "those who are near go on")
    crowd.wait(2)
    if direction == "to_server":
        crowd.until(lambda: all(writer.words >= words for writer in distant), "they still hear")
    else:
        assert not crowd.do(lambda: any(writer.words & words for writer in distant))
    proxy.reset()
    proxy.go_on()
    crowd.expect_converged()
    crowd.expect_nothing_lost(url)


def stall(crowd: Crowd, url: str) -> list[CrowdPeer]:
    """Adds people who have the note and then read nothing more."""
    sleepers = crowd.join(SLEEPERS, url, writes=False)
    for sleeper in sleepers:
        crowd.do(sleeper.reads.clear)
    return sleepers


async def shout(url: str, is_enough: Callable[[], bool], times_more: int) -> None:
    """Writes and deletes a long text until it is enough, and then this many times more: much to send, and nothing
    that stays. Waits each time until it is saved, so a slow machine has no more to do than a quick one."""
    doc = Doc[Any]()
    body = doc.get("body", type=Text)

    def write() -> None:
        body.insert(0, "x" * SHOUT_BYTES)

    def erase() -> None:
        del body[:SHOUT_BYTES]

    async def once(socket: ClientConnection) -> None:
        for change in (write, erase):
            before = doc.get_state()
            change()
            await socket.send(messages.encode(SyncUpdate(doc.get_update(before))))
        await socket.send(SAVED)
        while await socket.recv() != SAVED:
            pass

    async with patient_async(url, max_size=None) as socket:
        for _ in range(MOST_SHOUTS):
            if is_enough():
                break
            await once(socket)
        for _ in range(times_more):
            await once(socket)


def test_a_client_that_reads_nothing_costs_bounded_memory_and_catches_up(
    crowd: Crowd, server: AppServer, is_short: bool
) -> None:
    url = socket_of(server)
    sleepers = stall(crowd, url)
    typists = crowd.join(TYPISTS, url, pause=0.2)
    crowd.until(lambda: all(len(writer.words) > TYPISTS for writer in typists), "all of them write")
    start = server.resident_bytes
    times_more = SHOUTS_AFTERWARDS if is_short else 20 * SHOUTS_AFTERWARDS
    crowd.run(shout(url, lambda: server.log.count("reads too slowly") >= len(sleepers), times_more))
    grown = server.resident_bytes - start
    print(f"memory: {start / MEBIBYTE:.0f} MiB, {grown / MEBIBYTE:.0f} more after the shouting")
    for sleeper in sleepers:
        crowd.do(sleeper.reads.set)
    crowd.expect_converged()
    assert not [code for writer in typists for code in writer.closed]
    assert all(sleeper.closed for sleeper in sleepers)
    assert server.log.count("reads too slowly") >= len(sleepers)
    assert grown < MAX_GROWTH
