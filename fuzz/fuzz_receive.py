"""Fuzzes a room: the real one, with a log in memory. Frames are saved one by one, or all in one batch.

The input is several frames, each with its length before it, or the choices from which several updates are built. Each
frame is either refused with ProtocolError and changes nothing, or accepted. Then the log must be readable: live and
merged, and cut for a joiner; the CRDT library may neither raise nor panic (a PanicException is no Exception).
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from typing import Any

import atheris

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtime_notes.settings")

import django

django.setup()

with atheris.instrument_imports(include=["channels_yjs"]):
    from channels_yjs.log.crdt import merge, squash
    from channels_yjs.log.replica import Replica, Row
    from channels_yjs.rooms.room import Room
    from channels_yjs.wire.lib0 import ProtocolError
    from channels_yjs.wire.messages import Access, SyncStep2, SyncUpdate, decode
    from channels_yjs.wire.updates import has_surrogate_pairs, read_state_vector

from channels_yjs.models import Document
from channels_yjs.testing import hostile
from channels_yjs.wire.lib0 import varbytes
from fuzz.seeds import write_seeds
from notes.models import Note

NAMES = tuple(Note.shared_texts)
MAX_FRAMES = 8
CLIENTS, CLOCKS = 4, 8
LETTERS = ["a", "bc", "é"]
EMOJI = ["😀", "x😀y"]  # if one is cut in two, the library is not certain what is left, nor where


class Log:
    """The part of its process that a room needs: a list for a log, and nobody to tell."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: None

    def commit(self, room: Room) -> None:
        batch = room.take()
        if batch:
            self.rows.append(Row(len(self.rows), len(self.rows) + 1, batch.payload))
        room.committed(self.rows[-1:] if batch else [])


class Mallory:
    """Sends the frames. The answers to her, and the reasons for closing, are of no interest here."""

    author = shown_name = None
    access, is_told_access = Access.WRITE, False

    def deliver(self, frame: bytes) -> None: ...
    def shut(self, code: int, reason: str) -> None: ...


def check(room: Room, log: Log, is_plain: bool) -> None:
    """Checks that the log reads: live and merged, whole and cut for a joiner, squashed. The library may order
    anything but plain text in more than one way; browsers do not."""
    if not log.rows:
        return
    assert room.replica.is_readable, "The library cannot apply an accepted update."
    assert read_state_vector(room.replica.state_vector) == room._intake.clocks, "An update waits for another one."
    merged = merge([row.payload for row in log.rows])
    for payload in (merged, squash(merged, NAMES), room.replica.missing(b"\x00")):
        document = Replica(NAMES, [Row(0, len(log.rows), payload)])
        document.missing(room.replica.state_vector)
        assert document.is_readable
        assert document.texts == room.replica.texts or not is_plain or has_surrogate_pairs(merged)


def frames_of(data: bytes) -> Iterator[bytes]:
    provider = atheris.FuzzedDataProvider(data)
    is_built = provider.ConsumeBool()
    letters = LETTERS + EMOJI if provider.ConsumeBool() else LETTERS
    for _ in range(MAX_FRAMES):
        if not provider.remaining_bytes():
            return
        if is_built:
            yield hostile.sync_update(build_update(provider, letters))
        else:
            yield provider.ConsumeBytes(provider.ConsumeIntInRange(0, 4096))


def build_update(provider: Any, letters: list[str]) -> bytes:
    """An update in a sound frame, with arbitrary references."""
    clients = range(1, 1 + CLIENTS)
    blocks = [
        hostile.by(
            client, number(provider), [build_struct(provider, letters) for _ in range(1 + number(provider) % 4)]
        )
        for client in clients
        if provider.ConsumeBool()
    ]
    ranges = {
        client: [(start, 1) for start in range(number(provider), CLOCKS, 2)]
        for client in clients
        if number(provider) == 0
    }
    return hostile.update(blocks, hostile.deleted({client: some for client, some in ranges.items() if some}))


def build_struct(provider: Any, letters: list[str]) -> bytes:
    kind = provider.PickValueInList([0, 1, 4, 4, 4, 6, 10])
    if kind in (0, 10):
        return bytes([kind, 1 + number(provider) % 3])
    left, right = provider.ConsumeBool(), provider.ConsumeBool()
    neighbours = b"".join(
        bytes([1 + number(provider) % CLIENTS, number(provider)]) for is_there in (left, right) if is_there
    )
    place = neighbours or provider.PickValueInList([hostile.BODY, b"\x01\x05title"])
    content = {
        1: bytes([1 + number(provider) % 3]),
        4: varbytes(provider.PickValueInList(letters).encode()),
        6: b"\x01b\x04true",
    }[kind]
    return bytes([kind | left << 7 | right << 6]) + place + content


def number(provider: Any) -> int:
    return int(provider.ConsumeIntInRange(0, CLOCKS - 1))


async def play(frames: list[bytes], saves_each: bool) -> None:
    log, mallory = Log(), Mallory()
    room: Any = Room(Document(pk=1), Note(pk=1), log)
    room.add(mallory)
    is_plain = True
    for frame in frames:
        waiting = list(room._intake.waiting.updates)
        try:
            message = decode(frame)
            room.receive(mallory, message)
            is_plain &= not isinstance(message, SyncStep2 | SyncUpdate) or bool(
                message.shape and message.shape.is_plain
            )
        except ProtocolError:
            assert room._intake.waiting.updates == waiting
        if saves_each:
            log.commit(room)
    log.commit(room)
    check(room, log, is_plain)
    room.close()


loop = asyncio.new_event_loop()


def fuzz(data: bytes) -> None:
    loop.run_until_complete(play(list(frames_of(data[1:])), data[:1] < b"\x80"))


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], str(write_seeds()), *sys.argv[1:]], fuzz)
    atheris.Fuzz()
