"""The shape of a Yjs update (format version 1), checked without understanding it.

An update is a list of clients with their structs, then a delete set. Everything in it that says "so many
follow" is compared with the bytes that are left before the CRDT library sees it: five hostile bytes make
that library reserve a gigabyte otherwise. Values are skipped, not built, so a check allocates nothing.

The rules below that seem strict keep every honest update and shut out those that merge today and that no library
applies or takes apart tomorrow: fuzzing found each of them. The limits are far above what people write; past them the
library takes minutes, or overflows its stack.

Source: `readClientsStructRefs`, `readDeleteSet` and the `Content*` classes of Yjs 13, `readAny` of lib0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .contents import CONTENTS, PLAIN
from .lib0 import ProtocolError, Reader, varuint

EMPTY_UPDATE = b"\x00\x00"  # no structs, nothing deleted
MAX_CLOCK = 2**31 - 1  # the library counts letters in 32 bits, and panics when they overflow
MAX_CLIENTS = 4_096  # in one update: each page that was ever written in is one
MAX_STRUCTS = 250_000  # somebody writing off line for hours makes some 10 000
MAX_JOINABLE = 5_000  # structs that go on where the last one ended; Yjs joins them before it sends
MAX_KEYED = 5_000  # structs under a key, as in a map; the library takes time with the square of those, too
MAX_DELETED_RANGES = 100_000  # a letter replaced everywhere in a note of a megabyte

CONTENT_MASK = 0b0001_1111
HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_PARENT_SUB = 0x80, 0x40, 0x20
GARBAGE, SKIPPED = 0, 10


def check_state_vector(data: bytes) -> None:
    """Raises ProtocolError unless `data` is a whole state vector: pairs of client and clock."""
    reader = Reader(data)
    for _ in range(reader.count(smallest=2)):
        reader.varuint()  # client
        reader.varuint()  # clock
    reader.finish()


def read_state_vector(data: bytes) -> dict[int, int]:
    reader = Reader(data)
    return {reader.varuint(): reader.varuint() for _ in range(reader.count(smallest=2))}


def write_state_vector(clocks: Mapping[int, int]) -> bytes:
    return varuint(len(clocks)) + b"".join(varuint(client) + varuint(clock) for client, clock in clocks.items())


@dataclass(slots=True)
class Shape:
    """Which clocks an update brings, and which it stands on."""

    spans: dict[int, tuple[int, int]] = field(default_factory=dict)  # by client: its first clock, the one after
    beside: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)  # at a clock, other client, its clock
    skipped: dict[int, int] = field(default_factory=dict)  # by client: all before this clock must be known already
    deleted: dict[int, int] = field(default_factory=dict)  # by client: all before this clock must be there then
    is_plain: bool = True  # nothing but letters at the root

    def only_deletes(self) -> bool:
        return not self.spans


def check_update(data: bytes) -> Shape:
    """Raises ProtocolError unless `data` is a whole update in format version 1, and nothing more."""
    shape = Shape()
    _walk(Reader(data), shape)
    return shape


def has_surrogate_pairs(data: bytes) -> bool:
    """Whether any text in an update, deleted or not, has a character beyond U+FFFF, such as an emoji. In UTF-16 these
    are two units long, and a client may have written between the two. Raises ProtocolError like `check_update`, but
    without its limits: a log, which is merged from all that ever came in, outgrows them."""
    reader = _PairReader(data)
    _walk(reader, None)
    return reader.has_pairs


class _PairReader(Reader):
    __slots__ = ("has_pairs",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.has_pairs = False

    def varstring(self) -> str:
        text = super().varstring()
        self.has_pairs = self.has_pairs or (not text.isascii() and max(text) > "\uffff")
        return text


def _walk(reader: Reader, shape: Shape | None) -> None:
    """Without a shape to fill in, the limits do not hold."""
    clients, structs_left, ranges_left = reader.count(smallest=3), MAX_STRUCTS, MAX_DELETED_RANGES
    _at_most(MAX_CLIENTS, clients, "clients", shape)
    joinable = keyed = 0
    for _ in range(clients):
        structs = reader.count(smallest=2)
        structs_left -= _at_most(structs_left, _some(structs), "structs", shape)
        client = reader.varuint()
        if shape and client in shape.spans:
            raise ProtocolError("An update names a client twice.")
        counts = _skip_structs(reader, client, structs, shape)
        joinable, keyed = joinable + counts[0], keyed + counts[1]
    for _ in range(reader.count(smallest=2)):
        client = reader.varuint()
        ranges = reader.count(smallest=2)
        ranges_left -= _at_most(ranges_left, ranges + 1, "deleted ranges", shape)
        end = _skip_ranges(reader, ranges, shape)
        if shape:
            shape.deleted[client] = max(end, shape.deleted.get(client, 0))
    reader.finish()
    _at_most(MAX_JOINABLE, joinable, "structs that should have been joined", shape)
    _at_most(MAX_KEYED, keyed, "keys", shape)


def _at_most(limit: int, number: int, what: str, shape: Shape | None) -> int:
    if shape and number > limit:
        raise ProtocolError(f"An update has too many {what}.")
    return number


def _skip_structs(reader: Reader, client: int, structs: int, shape: Shape | None) -> tuple[int, int]:
    """Skips the structs of one client, and returns how many of them only go on where the one before ended, and how
    many stand under a key."""
    clock = start = _clock(reader.varuint())
    joinable = keyed = 0
    is_plain = True
    for _ in range(structs):
        info = reader.byte()
        content = info & CONTENT_MASK
        if content in (GARBAGE, SKIPPED):
            clock = _clock(clock + _some(reader.varuint()))
            is_plain &= content == SKIPPED  # garbage is what is left of other types than texts
            if shape and content == SKIPPED:
                shape.skipped[client] = clock
            continue
        if info & HAS_ORIGIN:
            joinable += _neighbour(reader, client, clock, shape) == clock - 1
        if info & HAS_RIGHT_ORIGIN:
            _neighbour(reader, client, clock, shape)
        if not info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
            if reader.varuint() == 1:
                reader.varstring()  # the name of a root type
            else:
                is_plain = False  # it is in another type, and names that
                _neighbour(reader, client, clock, shape)
            if info & HAS_PARENT_SUB:
                reader.varstring()
                keyed += 1
        skip_content = CONTENTS.get(content)
        if skip_content is None:
            raise ProtocolError(f"There is no content of kind {content} in an update.")
        is_plain &= content in PLAIN
        clock = _clock(clock + _some(skip_content(reader)))
    if shape:
        shape.spans[client] = start, clock
        shape.is_plain &= is_plain and not keyed
    return joinable, keyed


def _neighbour(reader: Reader, client: int, clock: int, shape: Shape | None) -> int:
    """The clock of the letter beside which a struct was written, if it is one of the same client; else -1."""
    other, before = reader.varuint(), _clock(reader.varuint())
    if other != client:
        if shape:
            shape.beside.setdefault(client, []).append((clock, other, before))
        return -1
    if before >= clock:
        raise ProtocolError("An update has a letter beside one that is written later.")
    return before


def _skip_ranges(reader: Reader, ranges: int, shape: Shape | None) -> int:
    """In order, as every library writes them: out of order, each one costs as much as all before it."""
    end = 0
    for _ in range(ranges):
        start, length = reader.varuint(), reader.varuint()
        if shape and start < end:
            raise ProtocolError("The deleted ranges of an update are not in order.")
        end = _clock(start + _some(length))
    return end


def _some(number: int) -> int:
    """The library divides by the lengths of what it has."""
    if number == 0:
        raise ProtocolError("An update has something without a length in it.")
    return number


def _clock(clock: int) -> int:
    if clock > MAX_CLOCK:
        raise ProtocolError("An update counts further than any text is long.")
    return clock
