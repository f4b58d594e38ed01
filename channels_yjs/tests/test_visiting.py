from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async

from channels_yjs import visiting
from channels_yjs.hub import hub as hub_module
from channels_yjs.hub import neighbours, rings
from channels_yjs.hub.hub import Hub
from channels_yjs.names import Author, Owner
from channels_yjs.testing.peers import Peer, expect_names, expect_text, until
from channels_yjs.tests.project.models import Note
from channels_yjs.visiting import Visitor, visit
from channels_yjs.wire.updates import read_state_vector

TWO_LINES = "Hello 😀\nfrom code"


async def arrive(note: Note) -> Visitor:
    def visit_and_stay() -> Visitor:
        visitor = Visitor(note, Author.of("Robot"), visiting.COLOR)
        visitor.arrive()
        return visitor

    return await sync_to_async(visit_and_stay)()


async def test_code_is_one_more_person_with_a_cursor_behind_what_it_writes(
    note: Note, start_hub: Callable[[], Hub]
) -> None:
    hubs = [start_hub(), start_hub()]
    ada, grace = Peer("Ada"), Peer("Grace")
    await ada.join(hubs[0], note)
    robot = await arrive(note)
    await expect_names({"Ada", "Robot"}, ada)
    assert hubs[0].lobby.people_in(Owner.of(note)) == [
        {"name": "Ada", "color": "#123456"},
        {"name": "Robot", "color": visiting.COLOR},
    ]
    await sync_to_async(robot.write)("body", TWO_LINES, 0.001)
    await expect_text(TWO_LINES, ada)

    def has_cursor_at_the_end() -> bool:
        [state] = [state for state in ada.people.values() if state["user"]["name"] == "Robot"]
        last = state["cursor"]["head"]["item"]
        clocks = read_state_vector(ada.doc.get_state())
        return bool(clocks[last["client"]] == last["clock"] + 1)

    await until(has_cursor_at_the_end, "the cursor is behind the last character")
    await grace.join(hubs[1], note)  # comes later, and hears of the robot with its next sign of life
    await expect_names({"Ada", "Grace", "Robot"}, ada, grace)
    await sync_to_async(robot.leave)()
    await expect_names({"Ada", "Grace"}, ada, grace)
    await until(lambda: len(hubs[0].lobby.people_in(Owner.of(note))) == 2, "lists forget the robot")


async def test_code_that_dies_is_gone_soon(
    note: Note, start_hub: Callable[[], Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(visiting, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(neighbours, "SILENCE_SECONDS", 0.5)
    ada = Peer("Ada")
    await ada.join(start_hub(), note)
    robot = await arrive(note)
    await expect_names({"Ada", "Robot"}, ada)
    robot._has_left.set()  # like a process killed with -9
    await expect_names({"Ada"}, ada)


@pytest.mark.django_db(transaction=True)
def test_a_visit_ends_with_its_block(note: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[object] = []
    monkeypatch.setattr(visiting, "ring", lambda group, ring, process: rung.append(ring))
    with pytest.raises(ZeroDivisionError), visit(note, "Robot") as robot:
        robot.write("body", f"{1 / 0}")
    assert rung[-1] == rings.People(Owner.of(note), ())
    assert not robot._renewing.is_alive()
    note.delete()
    with pytest.raises(Note.DoesNotExist), visit(note, "Robot"):
        pass


@pytest.mark.django_db(transaction=True)
def test_what_is_written_slowly_is_what_is_written_at_once(note: Note) -> None:
    with visit(note, "Robot") as robot:
        robot.write("title", "a\nb", seconds=0.001)
        robot.write("body", "a\r\nb", seconds=0.001)
    note.refresh_from_db()
    assert (note.title, note.text) == ("a b", "a\nb")
