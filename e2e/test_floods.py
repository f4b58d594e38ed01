"""Clients that do too much. They are closed with a code, and the others notice nothing (G6)."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from channels_yjs.wire.messages import (
    Awareness,
    AwarenessEntry,
    CloseCode,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncUpdate,
    encode,
)
from e2e.support.bystanders import Waits, bystanders, receive
from e2e.support.lines import patient
from tools.app_server import AppServer, UvicornServer
from tools.notes_over_http import create_note_over_http
from tools.patience import patience

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]

LONGEST_TURN = 50  # keys, in CPU time: nobody has the server for longer before the others have their turn
# uvicorn handles all frames of 256 KB, some 36 000, before anybody else has a turn. Daphne lets the app choose.
READS_MUCH = 1000
ALL_LEAVE = 300  # keys: a thousand connections that end in one moment
MAX_GROWTH_MIB = 64
BATCHES = [*[50] * 19, 46]  # sockets at a time: the bystanders are four of the thousand that an address may have
FLOOD = 100_000
LARGE = 2_000_000
QUESTIONS = 1000
NEWS = 3000
DROPPED = 200
OFTEN = {"MAX_CONNECTS_PER_SECOND": "1000"}
AT_ONCE = struct.pack("ii", 1, 0)  # makes closing a socket send a reset


@pytest.fixture(params=[AppServer, UvicornServer], ids=["daphne", "uvicorn"])
def kind(request: pytest.FixtureRequest) -> type[AppServer]:
    kind: type[AppServer] = request.param
    return kind


@pytest.fixture
def limits() -> dict[str, str]:
    """The limits that differ from the defaults."""
    return {}


@pytest.fixture
def flooded(kind: type[AppServer], database_url: Callable[[], str], limits: dict[str, str]) -> Iterator[AppServer]:
    with kind(database_url(), settings={**OFTEN, **limits}, application="e2e.support.pulse:application") as server:
        yield server


@pytest.fixture
def urls(flooded: AppServer) -> list[str]:
    """Two notes: the one that is flooded, and another."""
    return [new_note(flooded) for _ in range(2)]


def new_note(server: AppServer) -> str:
    note = create_note_over_http(server.url).rstrip("/").rpartition("/")[2]
    return f"ws://127.0.0.1:{server.port}/ws/notes/{note}"


def expect_calm(waits: Waits, longest_turn: int = LONGEST_TURN) -> None:
    assert waits.longest_turn < longest_turn
    assert waits.grown_mib < MAX_GROWTH_MIB


def test_a_hundred_thousand_frames_at_once(flooded: AppServer, urls: list[str]) -> None:
    flood = Frame(Opcode.BINARY, encode(QueryAwareness())).serialize(mask=True) * FLOOD
    question = encode(SyncStatus(b"behind the flood"))
    with bystanders(flooded, *urls) as waits, patient(urls[0]) as mallory:
        with suppress(OSError):
            mallory.socket.sendall(flood + Frame(Opcode.BINARY, question).serialize(mask=True))
        with suppress(ConnectionClosed):
            while mallory.recv(timeout=patience.script_seconds) != question:
                pass
        assert mallory.close_code == CloseCode.FLOODING
    expect_calm(waits, READS_MUCH if isinstance(flooded, UvicornServer) else LONGEST_TURN)


def test_questions_that_take_long(flooded: AppServer, urls: list[str]) -> None:
    """Asking what is missing of a large note takes some bytes, and finding out that nothing is takes milliseconds.
    All questions come at once: then the server works on them as long as it has the processor, however busy the
    machine is."""
    doc = Doc[Any]()
    text = doc.get("body", type=Text)
    text += "x" * LARGE
    with bystanders(flooded, *urls) as waits, patient(new_note(flooded), max_size=None) as mallory:
        mallory.send(encode(SyncUpdate(doc.get_update())))
        receive(mallory, SyncUpdate)
        question = encode(SyncStep1(doc.get_state()))
        with suppress(OSError):
            mallory.socket.sendall(Frame(Opcode.BINARY, question).serialize(mask=True) * QUESTIONS)
        with suppress(ConnectionClosed):
            while True:
                mallory.recv(timeout=patience.script_seconds)
        assert mallory.close_code == CloseCode.FLOODING
    expect_calm(waits)


@pytest.mark.parametrize("limits", [{"MAX_FRAMES_PER_SECOND": str(100 * NEWS)}], ids=["as fast as it can"])
def test_a_flood_of_presence_is_told_to_the_others_in_few_frames(flooded: AppServer, urls: list[str]) -> None:
    """Presence that changes all the time is sent together."""
    news = (encode(Awareness((AwarenessEntry(7, clock, "{}"),))) for clock in range(1, NEWS + 1))
    masked = b"".join(Frame(Opcode.BINARY, frame).serialize(mask=True) for frame in news)
    with bystanders(flooded, *urls) as waits, patient(urls[0]) as witness, patient(urls[0]) as mallory:
        mallory.socket.sendall(masked)
        told = frames_until(NEWS, witness)
    print(f"{NEWS} news in {told} frames")
    assert told < NEWS / 2
    expect_calm(waits)


def frames_until(clock: int, socket: ClientConnection) -> int:
    """The number of frames about people, up to the one with this clock."""
    frames = iter(partial(receive, socket, Awareness), None)
    return next(number for number, frame in enumerate(frames, 1) if clock in {entry.clock for entry in frame.entries})


def test_a_thousand_connections_that_say_nothing(flooded: AppServer, urls: list[str]) -> None:
    with bystanders(flooded, *urls) as waits:
        silent = [line for number in BATCHES for line in handshakes(urls[0], number)]
        with patient(urls[0]) as one_more:
            with suppress(ConnectionClosed):
                one_more.recv(timeout=patience.script_seconds)
            assert one_more.close_code == CloseCode.FLOODING
        for line in silent:
            line.close()
    expect_calm(waits, ALL_LEAVE)


@pytest.mark.parametrize("limits", [{"MAX_CONNECTIONS_PER_ADDRESS": str(DROPPED // 2)}], ids=["few at a time"])
def test_connecting_and_dropping_in_loops(flooded: AppServer, urls: list[str]) -> None:
    """More often than an address may have connections: closed ones do not count."""
    with bystanders(flooded, *urls) as waits:
        for _ in range(DROPPED):
            (line,) = handshakes(urls[0], 1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            line.close()
        # The last of them may not have been found closed yet.
        assert any(is_let_in(urls[0]) for _ in range(DROPPED))
    expect_calm(waits)


def is_let_in(url: str) -> bool:
    with patient(url) as line:
        try:
            receive(line, SyncStep1)
        except ConnectionClosed:
            return False
        return True


def handshakes(url: str, number: int) -> list[socket.socket]:
    """Opens WebSockets that do nothing more."""
    host, _, path = url.removeprefix("ws://").partition("/")
    address = "127.0.0.1", int(host.rpartition(":")[2])
    lines = [socket.create_connection(address, timeout=patience.script_seconds) for _ in range(number)]
    for line in lines:
        line.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
    for line in lines:
        assert line.recv(1024).startswith(b"HTTP/1.1 101")
    return lines
