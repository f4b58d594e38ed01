"""A document in a room's memory: its log since the snapshot, and its texts.

Invariant: `missing` gives what the log says, and `texts` what a `Doc` reads in it. It belongs to one thread, as its
`Doc` does.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from pycrdt import Doc, Map, Text, get_update

from channels_yjs.conf import setting
from channels_yjs.names import Author
from channels_yjs.wire.updates import EMPTY_UPDATE, Ranges, deleted_ranges

from .crdt import EMPTY_STATE_VECTOR, UnreadableError, guarded, merge
from .first import VALUES

COMPACT_AFTER_BYTES = 4 * 1024 * 1024


class Row(NamedTuple):
    """A piece of a log: everything after number `after`, up to and including `seq`."""

    after: int
    seq: int
    payload: bytes
    authors: tuple[Author, ...] = ()


class Replica:
    def __init__(self, names: Sequence[str], rows: Iterable[Row] = (), keys: Sequence[str] = ()) -> None:
        self.seq = 0
        self.is_readable = True
        self._tail: list[Row] = []  # the rows since the snapshot
        self._tail_size = self._snapshot_size = 0
        self._merged, self._merged_seq = EMPTY_UPDATE, 0
        self._deleted: tuple[int, Ranges] = (-1, {})  # up to which number, and what
        self._doc = Doc[Any]()
        self._texts = {name: self._doc.get(name, type=Text) for name in names}
        self._keys = keys
        self._map = self._doc.get(VALUES, type=Map) if keys else None
        self.extend(rows)

    @property
    def size(self) -> int:
        """Bytes of the snapshot and the rows since."""
        return self._snapshot_size + self._tail_size

    @property
    def is_long(self) -> bool:
        """Whether enough rows have come since the snapshot for a new one to pay."""
        is_large = self._tail_size > max(self._snapshot_size, COMPACT_AFTER_BYTES)
        return is_large or len(self._tail) > setting("COMPACT_AFTER_UPDATES")

    @property
    def texts(self) -> dict[str, str]:
        """The texts by name, as people read them."""
        return {name: str(text) for name, text in self._texts.items()}

    @property
    def is_countable(self) -> bool:
        """Whether the texts hold only the characters that `texts` shows: no embedded object, no half an emoji."""
        return all(len(text) == len(str(text).encode()) for text in self._texts.values())

    @property
    def values(self) -> dict[str, Any]:
        """The values by key, without those that JSON does not have: clients may put anything into a map."""
        found = {key: self._map.get(key) for key in self._keys if self._map is not None and key in self._map}
        return {key: value for key, value in found.items() if isinstance(value, bool | int | float | str | None)}

    @property
    def state_vector(self) -> bytes:
        return self._doc.get_state()

    @property
    def deleted(self) -> Ranges:
        """Kept until the document goes on: many who only read may ask at once."""
        if self._deleted[0] != self.seq:
            self._deleted = self.seq, deleted_ranges(self.deletions)
        return self._deleted[1]

    @property
    def deletions(self) -> bytes:
        """An update with everything that is deleted, and nothing else. The library's own state knows best: taking in
        an item may delete another one, such as the older value of a key, without an update that says so."""
        if self.is_readable:
            with suppress(UnreadableError), guarded():
                return self._doc.get_update(self.state_vector)
        return self.missing(self.state_vector)

    def extend(self, rows: Iterable[Row]) -> list[bytes]:
        """Takes in the rows that continue this document, and returns what was new in them. `read` has made sure that
        there is no gap; a row beyond one is a bug of ours, and must not go into a document as if it were next."""
        news = []
        for row in rows:
            if row.after > self.seq:
                raise ValueError(f"Row {row.seq} does not continue a document that goes up to {self.seq}.")
            if row.after <= self.seq < row.seq:
                news.append(row.payload if row.after else get_update(row.payload, self.state_vector))
                self._apply(row.payload)
                self._tail.append(row)
                self._tail_size += len(row.payload)
                self.seq = row.seq
        return news

    def _apply(self, payload: bytes) -> None:
        """Applies a row. If the library cannot, browsers still can; then the texts stay as they were."""
        if self.is_readable:
            try:
                with guarded():
                    self._doc.apply_update(payload)
            except UnreadableError:
                self.is_readable = False

    def missing(self, state_vector: bytes) -> bytes:
        """An update with everything that is missing from a replica at `state_vector`."""
        fresh = [row.payload for row in self._tail if row.seq > self._merged_seq]
        if fresh:
            self._merged, self._merged_seq = merge([self._merged, *fresh]), self.seq
        return self._merged if state_vector == EMPTY_STATE_VECTOR else get_update(self._merged, state_vector)

    def rebase(self, snapshot: Row) -> None:
        """Builds on `snapshot` from now on, so that memory does not grow with the document's age."""
        self._tail = [row for row in self._tail if row.seq > snapshot.seq]
        self._tail_size = sum(len(row.payload) for row in self._tail)
        self._snapshot_size = len(snapshot.payload)
        self._merged, self._merged_seq = snapshot.payload, snapshot.seq
