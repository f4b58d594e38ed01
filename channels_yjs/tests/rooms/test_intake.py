"""What comes in, before it is saved."""

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from channels_yjs.log import crdt
from channels_yjs.log.replica import Replica
from channels_yjs.rooms.intake import Intake
from channels_yjs.wire.updates import FEW_VALUES, check_update


class Clocks(dict[int, int]):
    """Of many clients, each of which may be asked for; going through them all is refused."""

    def __iter__(self) -> Any:
        raise AssertionError("An update must not cost more, the more people have ever written.")

    keys = values = items = __iter__


def test_an_update_costs_the_same_however_many_people_have_written_before() -> None:
    intake = Intake[None](Replica(["body"]), on_full=lambda: None)
    intake.clocks = Clocks(dict.fromkeys(range(100, 1100), 1))
    doc = Doc[Any]()
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    text = doc.get("body", type=Text)
    text += "a"
    text += "b"
    doc.unobserve(subscription)
    for update in updates:
        intake.receive(update, check_update(update))
    assert len(intake.clocks) == 1001
    assert len(intake.waiting.updates) == 2


def updates_of(change: Callable[[Doc[Any]], None]) -> list[bytes]:
    """What a page that changes a document sends."""
    doc, sent = Doc[Any](), list[bytes]()
    doc.get("body", type=Text)
    subscription = doc.observe(lambda event: sent.append(event.update))
    change(doc)
    doc.unobserve(subscription)
    return sent


def write_values(doc: Doc[Any]) -> None:
    values = doc.get("values", type=Map)
    for value in ("B", "By", "By the mill", 1.5, 2**40, True, None):
        values["place"] = value
    del values["place"]


def set_many(doc: Doc[Any]) -> None:
    with doc.transaction():
        for number in range(FEW_VALUES + 1):
            doc.get("values", type=Map)[f"{number}"] = number


def test_what_people_write_in_a_form_costs_no_look_at_the_whole_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or each key would take longer the longer people have written, until its writer is taken for an attacker."""
    tried: list[bytes] = []
    monkeypatch.setattr(crdt, "check_applies", lambda update, *document: tried.append(update))
    intake = Intake[None](Replica(["body"]), on_full=lambda: None)
    for update in updates_of(write_values):
        intake.receive(update, check_update(update))
    assert not tried


@pytest.mark.parametrize(
    "change",
    [
        lambda doc: doc.get("values", type=Map).update({"list": [1]}),
        lambda doc: doc.get("values", type=Map).update({"object": {"a": 1}}),
        lambda doc: doc.get("values", type=Map).update({"text": Text("a text of its own")}),
        lambda doc: doc.get("list", type=Array).append(1),
        set_many,
    ],
    ids=["a list", "an object", "a text", "an item of a list", "many at once"],
)
def test_anything_else_is_tried_on_a_copy(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []
    monkeypatch.setattr(crdt, "check_applies", lambda update, *document: tried.append(update))
    intake = Intake[None](Replica(["body"]), on_full=lambda: None)
    [update] = updates_of(change)
    intake.receive(update, check_update(update))
    assert tried == [update]
