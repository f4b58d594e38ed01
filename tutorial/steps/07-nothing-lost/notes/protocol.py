"""The wire: frames to messages and back. One frame holds one message.

Messages 0 are those of y-protocols, so that any Yjs client can speak with this server; 102 is ours (as y-sweet has
it). Knows no Django, no document and no socket.
"""

from dataclasses import dataclass

from .lib0 import ProtocolError, Reader, varbytes

SYNC, SYNC_STATUS = 0, 102
SYNC_STEP_1, SYNC_STEP_2, SYNC_UPDATE = 0, 1, 2
EMPTY_UPDATE = b"\x00\x00"


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
class Other:
    """Names and cursors. They are passed on as they are."""

    frame: bytes


Message = SyncStep1 | SyncStep2 | SyncUpdate | SyncStatus | Other


def decode(frame: bytes) -> Message:
    """The message in a frame. Raises ProtocolError, with a sentence that says what is wrong."""
    reader = Reader(frame)
    match reader.varuint():
        case 0:
            return _decode_sync(reader)
        case 102:
            return SyncStatus(reader.varbytes())
        case _:
            return Other(frame)


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
        case Other(frame):
            return frame


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
