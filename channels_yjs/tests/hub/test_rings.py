"""The messages between processes: there and back, and messages that are none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_yjs.hub import rings
from channels_yjs.hub.rings import (
    AccountChanged,
    Alive,
    Changed,
    Deleted,
    People,
    Presence,
    Recheck,
    Ring,
    Saved,
    SessionEnded,
    UnknownRing,
    Who,
)
from channels_yjs.names import Owner
from channels_yjs.wire.messages import AwarenessEntry

documents = st.integers(1, 2**63 - 1)
owners = st.builds(Owner, st.text(), st.text())
people = st.lists(st.fixed_dictionaries({"name": st.text(), "color": st.text()})).map(tuple)
entries = st.builds(AwarenessEntry, st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1), st.text())
said = st.one_of(
    st.builds(Alive),
    *(st.builds(kind, documents) for kind in (Saved, Deleted, Who)),
    *(st.builds(kind, owners) for kind in (Changed, Recheck)),
    *(st.builds(kind, st.text()) for kind in (AccountChanged, SessionEnded)),
    st.builds(People, owners, people),
    st.builds(Presence, documents, entries),
)


@given(said)
def test_what_is_said_is_what_is_heard(ring: Ring) -> None:
    assert rings.decode(rings.encode(ring)) == ring


NOTE = Owner("project.note", "1")


def test_no_kind_of_ring_is_left_out() -> None:
    kinds = {Alive, Saved, Deleted, Changed, People, Presence, Who, Recheck, AccountChanged, SessionEnded}
    assert kinds == set(Ring.__args__)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "health"},
        {"type": "ring"},
        {"type": "ring", "document": "1"},
        {"type": "people", "owner": ["project.note", "1"]},
        {"type": "changed", "owner": ["project.note", 1]},
        {"type": "changed", "document": 1},
        {"type": "presence", "document": 1, "entry": [5, 1]},
        {"type": "presence", "document": 1, "entry": [5, 1, None]},
    ],
)
def test_what_nobody_has_said_is_an_error(message: dict[str, Any]) -> None:
    with pytest.raises(UnknownRing):
        rings.decode(message)
