"""Clients that do too much. They are closed with a code, and the people beside them notice nothing (G6)."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from e2e.bystanders import Waits, bystanders, receive
from e2e.notes_over_http import create_note_over_http
from notes.protocol import (
    Awareness,
    AwarenessEntry,
    CloseCode,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    encode,
)
from tools.app_server import AppServer, UvicornServer

pytestmark = [pytest.mark.chapter(10), pytest.mark.alone]

STALL_SECONDS = 0.05  # nine of ten letters of a bystander take less
LONGEST_SECONDS = 0.25  # and all of them less than this, where clients and server share two cores
# uvicorn takes all frames of 256 KB, which may be 36 000, before anybody else has a turn. Daphne lets the app choose.
READS_MUCH_SECONDS = 1.0
ALL_LEAVE_SECONDS = 0.75  # a thousand connections that end in one moment: a quarter of a millisecond each
MAX_GROWTH_MIB = 64
SILENT = 1000
FLOOD = 100_000
LARGE = 2_000_000
QUESTIONS = 1000
NEWS = 3000
AT_ONCE = struct.pack("ii", 1, 0)  # how a socket is closed: with a reset


@pytest.fixture(params=[AppServer, UvicornServer], ids=["daphne", "uvicorn"])
def flooded(request: pytest.FixtureRequest, database_url: Callable[[], str]) -> Iterator[AppServer]:
    with request.param(database_url(), settings={"MAX_CONNECTS_PER_SECOND": "1000"}) as server:
        yield server


@pytest.fixture
def urls(flooded: AppServer) -> list[str]:
    """Two notes: the one that is flooded, and another."""
    return [new_note(flooded) for _ in range(2)]


def new_note(server: AppServer) -> str:
    note = create_note_over_http(server.url).rstrip("/").rpartition("/")[2]
    return f"ws://127.0.0.1:{server.port}/ws/notes/{note}"


def expect_calm(waits: Waits, stall: float = STALL_SECONDS, longest: float = LONGEST_SECONDS) -> None:
    assert waits.share(0.9) < stall
    assert waits.longest() < longest
    assert waits.grown_mib < MAX_GROWTH_MIB


def test_a_hundred_thousand_frames_at_once(flooded: AppServer, urls: list[str]) -> None:
    masked = Frame(Opcode.BINARY, encode(QueryAwareness())).serialize(mask=True)
    with bystanders(flooded, *urls) as waits, connect(urls[0], proxy=None) as mallory:
        with suppress(OSError):
            mallory.socket.sendall(masked * FLOOD)
        with suppress(ConnectionClosed):
            for _ in mallory:
                pass
        assert mallory.close_code == CloseCode.FLOODING
    if isinstance(flooded, UvicornServer):
        expect_calm(waits, LONGEST_SECONDS, READS_MUCH_SECONDS)
    else:
        expect_calm(waits)


def test_questions_that_take_long(flooded: AppServer, urls: list[str]) -> None:
    """To ask for all of a large note takes eight bytes, and to answer some hundredth of a second."""
    doc = Doc[Any]()
    text = doc.get("body", type=Text)
    text += "x" * LARGE
    with bystanders(flooded, *urls) as waits, connect(new_note(flooded), proxy=None, max_size=None) as mallory:
        mallory.send(encode(SyncUpdate(doc.get_update())))
        receive(mallory, SyncUpdate)
        with suppress(ConnectionClosed):
            for _ in range(QUESTIONS):
                mallory.send(encode(SyncStep1(b"\x01\x07\x01")))
                receive(mallory, SyncStep2)
        assert mallory.close_code == CloseCode.FLOODING
    expect_calm(waits)


def test_a_flood_of_presence(flooded: AppServer, urls: list[str]) -> None:
    """As fast as the limit allows, so that it goes on: what changes all the time is told together."""
    with bystanders(flooded, *urls) as waits, connect(urls[0], proxy=None, max_queue=None) as mallory:
        for clock in range(1, NEWS):
            state = f'{{"user": {{"name": "Mallory {clock}"}}}}'
            mallory.send(encode(Awareness((AwarenessEntry(7, clock, state),))))
            time.sleep(0 if clock % 10 else 0.015)
        mallory.send(encode(SyncStatus(b"\x01")))
        assert receive(mallory, SyncStatus)
    expect_calm(waits)


def test_a_thousand_connections_that_say_nothing(flooded: AppServer, urls: list[str]) -> None:
    with bystanders(flooded, *urls) as waits:
        silent = []
        for _ in range(SILENT - 4):  # the bystanders are four of those that one address may have
            silent.append(handshake(urls[0]))
            time.sleep(0.005)  # a machine that is busy opening connections alone serves nobody well
        with connect(urls[0], proxy=None) as one_more:
            with suppress(ConnectionClosed):
                one_more.recv(timeout=10)
            assert one_more.close_code == CloseCode.FLOODING
        time.sleep(1)
        for line in silent:
            line.close()
    expect_calm(waits, longest=ALL_LEAVE_SECONDS)


def test_connecting_and_dropping_in_loops(flooded: AppServer, urls: list[str]) -> None:
    def connect_and_drop(until: float) -> int:
        times = 0
        while time.monotonic() < until:
            line = handshake(urls[0])
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            line.close()
            times += 1
            time.sleep(0.01)
        return times

    with bystanders(flooded, *urls) as waits, ThreadPoolExecutor(4) as threads:
        until = time.monotonic() + 3
        assert sum(threads.map(connect_and_drop, [until] * 4)) > 100
    expect_calm(waits)


def handshake(url: str) -> socket.socket:
    """A WebSocket that is open, and nothing more."""
    host, _, path = url.removeprefix("ws://").partition("/")
    line = socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2])), timeout=10)
    line.sendall(
        f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert line.recv(1024).startswith(b"HTTP/1.1 101")
    return line
