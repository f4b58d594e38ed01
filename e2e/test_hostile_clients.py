"""Hostile frames against a real process: while they come in, others on the same note and elsewhere write as ever."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from channels_yjs.testing import hostile
from channels_yjs.wire.messages import SyncStatus, encode
from e2e.conftest import CreateNote
from e2e.support.bystanders import bystanders
from e2e.support.lines import patient, socket_of
from tools.app_server import AppServer
from tools.patience import patience

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
LONGEST_TURN = 50  # keys, in CPU time: nobody has the server for longer before the others have their turn
MUCH_LONGER_TURN = 300  # for an update at a limit, which takes the library this long to apply
MAX_GROWTH_MIB = 250  # 20 MB exist several times while the frame is put together
MALFORMED, TOO_LARGE = 4400, 4413
PROTOCOL_ERROR = 1002
SAYS_COMPRESSED = 0b0100_0000  # a bit in the first byte of a frame
FAR_TOO_LARGE = 1009  # the server says this, and does not read so large a frame to its end
CUT_OFF = 1006  # a client sees this if it was still sending


@pytest.fixture
def attacked(database_url: Callable[[], str]) -> Iterator[AppServer]:
    with AppServer(database_url(), application="e2e.support.pulse:application") as server:
        yield server


def test_hostile_clients_are_closed_and_nobody_else_waits(attacked: AppServer, create_note: CreateNote) -> None:
    note, other_note = (socket_of(create_note(on=attacked)) for _ in range(2))
    with bystanders(attacked, note, other_note) as waits:
        for name, frame in hostile.malformed().items():
            assert sent_and_closed(note, frame) == MALFORMED, name
        for name, frame in hostile.oversize().items():
            assert sent_and_closed(note, frame) in (TOO_LARGE, FAR_TOO_LARGE, CUT_OFF), name
        assert sent_and_closed(note, "text") == MALFORMED
    assert waits.longest_turn < LONGEST_TURN
    assert waits.grown_mib < MAX_GROWTH_MIB


def test_an_update_at_a_limit_holds_up_others_no_longer_than_three_hundred_keys(
    attacked: AppServer, create_note: CreateNote
) -> None:
    note, other_note = (socket_of(create_note(on=attacked)) for _ in range(2))
    with bystanders(attacked, note, other_note) as waits:
        for update in hostile.nasty().values():
            send_and_ask(note, hostile.sync_update(update))
    assert waits.longest_turn < MUCH_LONGER_TURN


def test_a_bomb_of_compressed_zeros_costs_no_memory(own_server: AppServer, create_note: CreateNote) -> None:
    """Daphne negotiates no compression, so a frame is never larger than the bytes that were sent."""
    address = socket_of(create_note(on=own_server))
    with patient(address, compression="deflate") as socket:
        assert not socket.protocol.extensions
    with patient(address) as socket:
        deflated = zlib.compress(bytes(hostile.OVERSIZE_BYTES))[2:-4]
        frame = bytearray(Frame(Opcode.BINARY, deflated).serialize(mask=True))
        frame[0] |= SAYS_COMPRESSED
        socket.socket.sendall(frame)
        assert close_code(socket) == PROTOCOL_ERROR
    assert sent_and_closed(address, bytes(hostile.OVERSIZE_BYTES)) in (TOO_LARGE, FAR_TOO_LARGE, CUT_OFF)
    assert sent_and_closed(address, bytes(9 * 1024 * 1024)) == TOO_LARGE


def sent_and_closed(address: str, frame: bytes | str) -> int:
    """The code with which the server closes a client that sends this."""
    with patient(address, max_size=None) as socket:
        with suppress(ConnectionClosed):
            socket.send(frame)
        return close_code(socket)


def close_code(socket: ClientConnection) -> int:
    while True:
        try:
            socket.recv(timeout=patience.script_seconds)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else CUT_OFF


def send_and_ask(address: str, frame: bytes) -> None:
    question = encode(SyncStatus(b"\x01"))
    with patient(address, max_size=None) as socket:
        socket.send(frame)
        socket.send(question)
        while socket.recv(timeout=patience.script_seconds) != question:
            pass
