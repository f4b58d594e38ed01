"""The wire: frames to messages and back. One frame holds one message.

Messages 0, 1 and 3 are those of y-protocols, so that any Yjs client can speak with this server; 102 is ours (as
y-sweet has it). Knows no Django, no document and no socket.
"""

from dataclasses import dataclass

from .lib0 import ProtocolError, Reader, varbytes, varuint

SYNC, AWARENESS, QUERY_AWARENESS, SYNC_STATUS = 0, 1, 3, 102
SYNC_STEP_1, SYNC_STEP_2, SYNC_UPDATE = 0, 1, 2
EMPTY_UPDATE = b"\x00\x00"
GONE = "null"  # the state, as JSON, of a client that has left


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """ "This is what I have", as a state vector. Answered with SyncStep2."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """ "This is what you lack", as an update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class SyncUpdate:
    """A change that was just made."""

    update: bytes


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """ "Tell me when all that I sent before this is saved." Answered with the same message."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    """One client's presence. `clock` grows with each change of it; `state` is JSON, and `null` if it left."""

    client_id: int
    clock: int
    state: str


@dataclass(frozen=True, slots=True)
class Awareness:
    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """ "Who is here?" Answered with Awareness."""


Message = SyncStep1 | SyncStep2 | SyncUpdate | SyncStatus | Awareness | QueryAwareness


def decode(frame: bytes) -> Message:
    """The message in a frame. Raises ProtocolError, with a sentence that says what is wrong."""
    reader = Reader(frame)
    match reader.varuint():
        case 0:
            return _decode_sync(reader)
        case 1:
            return Awareness(_decode_entries(Reader(reader.varbytes())))
        case 3:
            return QueryAwareness()
        case 102:
            return SyncStatus(reader.varbytes())
        case kind:
            raise ProtocolError(f"There is no message of type {kind}.")


def encode(message: Message) -> bytes:
    match message:
        case SyncStep1(state_vector):
            return bytes((SYNC, SYNC_STEP_1)) + varbytes(state_vector)
        case SyncStep2(update):
            return bytes((SYNC, SYNC_STEP_2)) + varbytes(update)
        case SyncUpdate(update):
            return bytes((SYNC, SYNC_UPDATE)) + varbytes(update)
        case SyncStatus(payload):
            return bytes((SYNC_STATUS,)) + varbytes(payload)
        case Awareness(entries):
            return bytes((AWARENESS,)) + varbytes(_encode_entries(entries))
        case QueryAwareness():
            return bytes((QUERY_AWARENESS,))


def _decode_sync(reader: Reader) -> Message:
    kind, body = reader.varuint(), reader.varbytes()
    match kind:
        case 0:
            return SyncStep1(body)
        case 1:
            return SyncStep2(body)
        case 2:
            return SyncUpdate(body)
        case _:
            raise ProtocolError(f"There is no sync message of type {kind}.")


def _decode_entries(reader: Reader) -> tuple[AwarenessEntry, ...]:
    count = reader.varuint()
    return tuple(AwarenessEntry(reader.varuint(), reader.varuint(), reader.varstring()) for _ in range(count))


def _encode_entries(entries: tuple[AwarenessEntry, ...]) -> bytes:
    return varuint(len(entries)) + b"".join(
        varuint(entry.client_id) + varuint(entry.clock) + varbytes(entry.state.encode()) for entry in entries
    )
