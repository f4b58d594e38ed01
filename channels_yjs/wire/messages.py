"""Frames to messages and back. One frame holds one message.

Messages 0, 1 and 3 are those of y-protocols, so that any Yjs client can talk to this server. Two are additions: 102
(taken from y-sweet) is sent only to clients that sent it first, and 103 to those that asked for it in their address.
Knows no Django, no document and no socket. docs/reference/protocol.md shows each message byte by byte.

Invariant: every message from `decode` is safe to hand to the CRDT library and to relay. Every count and length in it
has been compared with the bytes that are there. It raises ProtocolError and nothing else.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from .lib0 import ProtocolError, Reader, varbytes, varuint
from .updates import Shape, check_state_vector, check_update

SYNC, AWARENESS, QUERY_AWARENESS, SYNC_STATUS, ACCESS_STATUS = 0, 1, 3, 102, 103
SYNC_STEP_1, SYNC_STEP_2, SYNC_UPDATE = 0, 1, 2
MAX_AWARENESS_BYTES = 64 * 1024  # stock clients pass on the states of all others in one frame
MAX_STATE_BYTES = 4 * 1024  # a person's name, colour and cursor take some 300
MAX_STATUS_BYTES = 64
WRITTEN_OUT = re.compile(r"\d[eE]")  # a browser writes 1e20 as 100000000000000000000 when it sends the state back
LONGEST_NUMBER = 21  # digits
LEFT = "null"  # the state, as JSON, of a client that has left


class CloseCode(IntEnum):
    """The server's reasons for closing. y-websocket reconnects by itself, except after 4400 to 4499."""

    MALFORMED_FRAME = 4400
    NOT_ALLOWED = 4403
    NO_SUCH_DOCUMENT = 4404
    ANOTHER_DOCUMENT = 4409
    TOO_LARGE = 4413
    FLOODING = 4429
    TRY_AGAIN = 4503


class Access(IntEnum):
    """What a connection may do with its document."""

    READ = 0
    WRITE = 1


FOR_GOOD = range(4400, 4500)  # y-websocket does not reconnect after these codes


class Refused(Exception):
    """A connection may not come in, or its message is not accepted. It is closed with this code, and its page shows
    the reason, one sentence."""

    def __init__(self, code: int, reason: str) -> None:
        if code not in (*FOR_GOOD, CloseCode.TRY_AGAIN):
            raise ValueError(f"Refuse with a code from 4400 to 4499, such as 4403, not {int(code)}: see CloseCode.")
        super().__init__(f"{int(code)} {reason}")
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """ "This is what I have", as a state vector. Answered with SyncStep2."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """ "This is what you lack", as an update. Its shape is known if it came in a frame."""

    update: bytes
    shape: Shape | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SyncUpdate:
    """A new change."""

    update: bytes
    shape: Shape | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    """One client's presence. `clock` grows with each change; `state` is JSON, and `null` once the client has left."""

    client_id: int
    clock: int
    state: str


@dataclass(frozen=True, slots=True)
class Awareness:
    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """ "Who is here?" Answered with Awareness."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """ "Tell me when all that I sent before this is saved." Answered with the same message."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class AccessStatus:
    """ "This is what you may do." `is_lost` says that something which the page sent was not taken, since it may only
    read. The page answers with the same message, and heeds it in all that it sends after that."""

    access: Access
    is_lost: bool = False


Message = SyncStep1 | SyncStep2 | SyncUpdate | Awareness | QueryAwareness | SyncStatus | AccessStatus


def decode(frame: bytes) -> Message:
    """The message in a frame. Raises ProtocolError, with a sentence that says what is wrong."""
    reader = Reader(frame)
    message = _decode_body(reader)
    reader.finish()
    return message


def encode(message: Message) -> bytes:
    match message:
        case SyncStep1(state_vector):
            return bytes((SYNC, SYNC_STEP_1)) + varbytes(state_vector)
        case SyncStep2(update):
            return bytes((SYNC, SYNC_STEP_2)) + varbytes(update)
        case SyncUpdate(update):
            return bytes((SYNC, SYNC_UPDATE)) + varbytes(update)
        case Awareness(entries):
            return bytes((AWARENESS,)) + varbytes(_encode_entries(entries))
        case QueryAwareness():
            return bytes((QUERY_AWARENESS,))
        case SyncStatus(payload):
            return bytes((SYNC_STATUS,)) + varbytes(payload)
        case AccessStatus(access, is_lost):
            return bytes((ACCESS_STATUS, access, is_lost))


def encode_presence(entries: Iterable[AwarenessEntry]) -> list[bytes]:
    """Splits the entries into Awareness frames. Stock clients send back what they receive, frame by frame, and a
    frame above the server's limit would close them all."""
    frames: list[list[AwarenessEntry]] = [[]]
    size = 0
    for entry in entries:
        size += len(_encode_entries((entry,))) + _growth(entry.state)
        if size > MAX_AWARENESS_BYTES // 2 and frames[-1]:
            frames.append([])
            size = 0
        frames[-1].append(entry)
    return [encode(Awareness(tuple(frame))) for frame in frames if frame]


def _decode_body(reader: Reader) -> Message:
    match reader.varuint():
        case 0:
            return _decode_sync(reader)
        case 1:
            return Awareness(_decode_entries(reader.varbytes_at_most(MAX_AWARENESS_BYTES, "Awareness")))
        case 3:
            return QueryAwareness()
        case 102:
            return SyncStatus(reader.varbytes_at_most(MAX_STATUS_BYTES, "SyncStatus"))
        case 103:
            return AccessStatus(Access(_bit(reader)), bool(_bit(reader)))
        case kind:
            raise ProtocolError(f"There is no message of type {kind}.")


def _bit(reader: Reader) -> int:
    if (number := reader.varuint()) > 1:
        raise ProtocolError(f"An AccessStatus holds {number} where only 0 or 1 is allowed.")
    return number


def _decode_sync(reader: Reader) -> Message:
    kind = reader.varuint()
    body = reader.varbytes()
    if kind == SYNC_STEP_1:
        check_state_vector(body)
        return SyncStep1(body)
    if kind not in (SYNC_STEP_2, SYNC_UPDATE):
        raise ProtocolError(f"There is no sync message of type {kind}.")
    shape = check_update(body)
    return SyncStep2(body, shape) if kind == SYNC_STEP_2 else SyncUpdate(body, shape)


def _decode_entries(data: bytes) -> tuple[AwarenessEntry, ...]:
    reader = Reader(data)
    entries = tuple(_decode_entry(reader) for _ in range(reader.count(smallest=3)))
    reader.finish()
    return entries


def _decode_entry(reader: Reader) -> AwarenessEntry:
    entry = AwarenessEntry(reader.varuint(), reader.varuint(), reader.varstring())
    if (size := len(entry.state.encode()) + _growth(entry.state)) > MAX_STATE_BYTES:
        raise ProtocolError(f"An awareness state holds {size} bytes; at most {MAX_STATE_BYTES} are allowed.")
    try:
        state = json.loads(entry.state, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ProtocolError("An awareness state is not JSON.") from None
    if not (state is None or isinstance(state, dict)):
        raise ProtocolError("An awareness state is neither an object nor null.")
    return entry


def _no_constant(name: str) -> None:
    """Refuses NaN and Infinity, which Python reads and browsers, to whom the state is relayed, do not."""
    raise ValueError(name)


def _growth(state: str) -> int:
    """How many bytes longer a state may be when a browser sends it back."""
    return LONGEST_NUMBER * len(WRITTEN_OUT.findall(state))


def _encode_entries(entries: tuple[AwarenessEntry, ...]) -> bytes:
    return varuint(len(entries)) + b"".join(
        varuint(entry.client_id) + varuint(entry.clock) + varbytes(entry.state.encode()) for entry in entries
    )
