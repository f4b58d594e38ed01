"""What comes in, before it is saved."""

from typing import Any

from pycrdt import Doc, Text

from channels_yjs.log.replica import Replica
from channels_yjs.rooms.intake import Intake
from channels_yjs.wire.updates import check_update


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
