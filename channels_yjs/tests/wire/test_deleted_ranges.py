"""What an update deletes, as ranges of clocks: compared with sets of single clocks."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from channels_yjs.testing import hostile
from channels_yjs.testing.client import Client
from channels_yjs.wire.updates import Ranges, covers, deleted_ranges

ranges = st.dictionaries(
    st.integers(1, 3), st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), min_size=1, max_size=6), max_size=3
)


def clocks(found: Ranges) -> set[tuple[int, int]]:
    return {(client, clock) for client, some in found.items() for start, end in some for clock in range(start, end)}


def as_clocks(written: dict[int, list[tuple[int, int]]]) -> set[tuple[int, int]]:
    return clocks({client: [(start, start + length) for start, length in some] for client, some in written.items()})


@given(ranges)
def test_ranges_in_any_order_are_read_ascending_and_apart(written: dict[int, list[tuple[int, int]]]) -> None:
    found = deleted_ranges(hostile.update([hostile.by(9, 0, [hostile.text("x")])], hostile.deleted(written)))
    assert clocks(found) == as_clocks(written)
    for some in found.values():
        assert all(end < start for (_, end), (start, _) in pairwise(some))


@given(ranges, ranges)
def test_what_is_covered_is_a_subset(known: dict[int, list[tuple[int, int]]], wanted: dict[int, Any]) -> None:
    there, asked = (deleted_ranges(hostile.update([], hostile.deleted(some))) for some in (known, wanted))
    assert covers(there, asked) == (clocks(asked) <= clocks(there))


def test_what_a_client_erased_is_found() -> None:
    ada = Client("body", client_id=7)
    ada.type("Hello")
    ada.erase(1, 2)
    ada.erase(0, 1)
    assert deleted_ranges(ada.doc.get_update(ada.doc.get_state())) == {7: [(0, 3)]}
    grace = Doc[Any](client_id=8)
    grace.get("body", type=Text)
    assert deleted_ranges(grace.get_update()) == {}
