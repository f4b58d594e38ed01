"""The shape of a Yjs update (format version 1), checked without understanding it.

An update is a list of clients with their structs, then a delete set. Every count and length in it is compared with
the bytes that are left before the CRDT library sees it: otherwise five hostile bytes make that library reserve a
gigabyte. Values are skipped, not built, so a check allocates nothing.

The stricter rules below reject no honest update. Fuzzing found each of them: an update that merges cleanly and can
later be neither applied nor split. The limits are far above what people write; past them the library takes minutes,
or overflows its stack.

Source: `readClientsStructRefs`, `readDeleteSet` and the `Content*` classes of Yjs 13, `readAny` of lib0.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .contents import CONTENTS, PLAIN, VALUES, is_simple
from .lib0 import ProtocolError, Reader, varuint

EMPTY_UPDATE = b"\x00\x00"  # no structs, nothing deleted
MAX_CLOCK = 2**31 - 1  # the library counts characters in 32 bits, and panics when they overflow
MAX_CLIENTS = 4_096  # in one update; each page that somebody ever wrote in is a client
MAX_STRUCTS = 250_000  # a person who writes offline for hours makes some 10 000
MAX_JOINABLE = 5_000  # structs that continue the one before; Yjs joins them before it sends
MAX_KEYED = 5_000  # structs under a key, as in a map; the library's time grows with their square, too
FEW_VALUES = 100  # in one update: somebody types in a field of a form
MAX_DELETED_RANGES = 100_000  # replacing a character everywhere in a text of a megabyte makes as many

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
    """The clocks that an update brings, and those that it depends on."""

    # Each by client:
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)  # its first clock, and the one after its last
    origins: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)  # (clock, origin's client and clock)
    needs: dict[int, int] = field(default_factory=dict)  # every clock below must be known already
    deletes: dict[int, int] = field(default_factory=dict)  # every clock below must exist afterwards
    is_plain: bool = True  # nothing but characters at the root
    is_usual: bool = True  # nothing but those, and a few simple values under keys

    def only_deletes(self) -> bool:
        return not self.spans


@dataclass(frozen=True, slots=True)
class Limits:
    """The size limits of an update, and whether its clients and ranges must be in order."""

    clients: float = MAX_CLIENTS
    structs: float = MAX_STRUCTS
    joinable: float = MAX_JOINABLE
    keyed: float = MAX_KEYED
    deleted_ranges: float = MAX_DELETED_RANGES
    in_order: bool = True


HONEST = Limits()
UNLIMITED = Limits(math.inf, math.inf, math.inf, math.inf, math.inf, in_order=False)


def check_update(data: bytes) -> Shape:
    """Raises ProtocolError unless `data` is a whole update in format version 1, and nothing more."""
    return _Walk(Reader(data), HONEST).run()


Ranges = dict[int, list[tuple[int, int]]]  # by client: the first clock of each, and the one after its last


def deleted_ranges(data: bytes) -> Ranges:
    """What an update deletes, for each client in ascending order. Raises ProtocolError like `has_surrogate_pairs`."""
    walk = _RangeWalk(data)
    walk.run()
    return {client: list(_joined(sorted(ranges))) for client, ranges in walk.found.items()}


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first, last = 0, 0
    for start, end in ranges:
        if start > last:
            if last:
                yield first, last
            first = start
        last = max(last, end)
    if last:
        yield first, last


def covers(known: Ranges, ranges: Ranges) -> bool:
    """Whether all of these clocks are among the known ones."""
    for client, wanted in ranges.items():
        there = known.get(client, [])
        starts = [start for start, _ in there]
        for start, end in wanted:
            at = bisect_right(starts, start) - 1
            if at < 0 or there[at][1] < end:
                return False
    return True


def has_surrogate_pairs(data: bytes) -> bool:
    """Whether any text in an update, deleted or not, has a character beyond U+FFFF, such as an emoji. In UTF-16 these
    are two units long, and a client may have written between the two. Raises ProtocolError like `check_update`, but
    without its limits: a log, merged from everything that ever came in, outgrows them."""
    reader = _PairReader(data)
    _Walk(reader, UNLIMITED).run()
    return reader.has_pairs


class _PairReader(Reader):
    __slots__ = ("has_pairs",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.has_pairs = False

    def text(self) -> str:
        text = super().text()
        self.has_pairs = self.has_pairs or (not text.isascii() and max(text) > "\uffff")
        return text


class _Walk:
    """One pass through an update, from its first byte to its last."""

    __slots__ = ("_joinable", "_keyed", "_limits", "_reader", "_shape", "_values")

    def __init__(self, reader: Reader, limits: Limits) -> None:
        self._reader, self._limits = reader, limits
        self._shape = Shape()
        self._joinable = 0  # structs that only continue the one before
        self._keyed = 0  # structs under a key that name it
        self._values = 0  # values under a key, whether they name it or take the place of one that does

    def run(self) -> Shape:
        self._clients()
        self._delete_set()
        self._reader.finish()
        self._reader.at_most(self._limits.joinable, self._joinable, "structs that Yjs would have joined")
        self._reader.at_most(self._limits.keyed, self._keyed, "items with keys")
        self._shape.is_usual = self._shape.is_usual and self._values <= FEW_VALUES
        return self._shape

    def _clients(self) -> None:
        reader, total = self._reader, 0
        clients = reader.count(smallest=3)
        reader.at_most(self._limits.clients, clients, "clients")
        for _ in range(clients):
            structs = _some(reader.count(smallest=2))
            total += structs
            reader.at_most(self._limits.structs, total, "structs")
            client = reader.varuint()
            if self._limits.in_order and client in self._shape.spans:
                raise ProtocolError(f"The update lists client {client} twice.")
            self._structs(client, structs)

    def _structs(self, client: int, structs: int) -> None:
        reader, shape, neighbour = self._reader, self._shape, self._neighbour
        clock = start = _clock(reader.varuint())
        for _ in range(structs):
            info = reader.byte()
            content = info & CONTENT_MASK
            if content in (GARBAGE, SKIPPED):
                clock = _clock(clock + _some(reader.varuint()))
                if content == SKIPPED:
                    shape.needs[client] = clock
                else:
                    shape.is_plain = shape.is_usual = False  # garbage is left over from types other than texts
                continue
            if info & HAS_ORIGIN:
                self._joinable += neighbour(client, clock) == clock - 1
            if info & HAS_RIGHT_ORIGIN:
                neighbour(client, clock)
            is_value = bool(info & HAS_PARENT_SUB) and content == VALUES
            if not info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
                self._parent(client, clock, has_key=bool(info & HAS_PARENT_SUB), is_value=is_value)
            skip_content = CONTENTS.get(content)
            if skip_content is None:
                raise ProtocolError(f"The update has content of unknown kind {content}.")
            if is_value:
                self._values += 1
                shape.is_plain, shape.is_usual = False, shape.is_usual and is_simple(reader)
            elif content not in PLAIN:
                shape.is_plain = shape.is_usual = False
            clock = _clock(clock + _some(skip_content(reader)))
        shape.spans[client] = start, clock

    def _neighbour(self, client: int, clock: int) -> int:
        """The clock of the origin, left or right, if it is an item of the same client; otherwise -1."""
        reader = self._reader
        other, before = reader.varuint(), _clock(reader.varuint())
        if other != client:
            self._shape.origins.setdefault(client, []).append((clock, other, before))
            return -1
        if before >= clock:
            raise ProtocolError("An item in the update has itself or a later item as its origin.")
        return before

    def _parent(self, client: int, clock: int, *, has_key: bool, is_value: bool) -> None:
        if self._reader.varuint() == 1:
            self._reader.varstring()  # the name of a root type
        else:
            self._shape.is_plain = self._shape.is_usual = False  # the parent is another item, a nested type
            self._neighbour(client, clock)
        if has_key:
            self._reader.varstring()
            self._keyed += 1
            self._shape.is_plain, self._shape.is_usual = False, self._shape.is_usual and is_value

    def _delete_set(self) -> None:
        reader, total = self._reader, 0
        for _ in range(reader.count(smallest=2)):
            client = reader.varuint()
            ranges = reader.count(smallest=2)
            total += ranges + 1
            reader.at_most(self._limits.deleted_ranges, total, "deleted ranges")
            end = self._ranges(client, ranges)
            self._shape.deletes[client] = max(end, self._shape.deletes.get(client, 0))

    def _ranges(self, client: int, ranges: int) -> int:
        """Requires ascending order, as every library writes them: otherwise each costs as much as all before it."""
        end = 0
        for _ in range(ranges):
            start, length = self._reader.varuint(), self._reader.varuint()
            if self._limits.in_order and start < end:
                raise ProtocolError("The deleted ranges of a client are not in ascending order.")
            end = _clock(start + _some(length))
        return end


class _RangeWalk(_Walk):
    """Keeps the deleted ranges."""

    __slots__ = ("found",)

    def __init__(self, data: bytes) -> None:
        super().__init__(Reader(data), UNLIMITED)
        self.found: Ranges = {}

    def _ranges(self, client: int, ranges: int) -> int:
        found, reader = self.found.setdefault(client, []), self._reader
        for _ in range(ranges):
            start = reader.varuint()
            found.append((start, start + reader.varuint()))
        return 0


def _some(number: int) -> int:
    """Refuses zero: the library divides by the lengths of items."""
    if number == 0:
        raise ProtocolError("The update has an empty client, item or deleted range.")
    return number


def _clock(clock: int) -> int:
    if clock > MAX_CLOCK:
        raise ProtocolError(f"A clock in the update is larger than {MAX_CLOCK}.")
    return clock
