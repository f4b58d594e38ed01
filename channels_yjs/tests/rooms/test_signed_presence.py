"""What the server vouches for in presence: the name of an account, who may only read, and who is a guest."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_yjs.hub.hub import Hub
from channels_yjs.models import Update
from channels_yjs.names import Owner
from channels_yjs.rooms.person import GUEST, MARKS, NAME_MAX_LENGTH, READS, signed
from channels_yjs.testing.peers import Peer, expect_names, until
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import room_of
from channels_yjs.wire.messages import LEFT, MAX_STATE_BYTES, Access

Join = Callable[..., Any]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
states = st.dictionaries(st.sampled_from(["user", "cursor", "x"]), json_values).map(json.dumps)
users = st.fixed_dictionaries(
    {}, optional={"name": st.text(), "color": st.text(), READS: json_values, GUEST: json_values}
)
states |= users.map(lambda user: json.dumps({"user": user, "cursor": {"anchor": 1e400}}))


@given(states, st.none() | st.text(max_size=200), st.sets(st.sampled_from(MARKS)))
def test_a_state_says_who_somebody_is_whatever_they_say(state: str, name: str | None, marks: set[str]) -> None:
    result = signed(state, name, marks)
    user = json.loads(result).get("user")
    user = user if isinstance(user, dict) else {}
    assert all(user.get(mark, False) is (mark in marks) for mark in MARKS)
    assert name is None or user["name"] == name[:NAME_MAX_LENGTH]
    assert len(result.encode()) <= max(len(state.encode()), MAX_STATE_BYTES)
    assert signed(result, name, marks) == result


@given(states)
def test_the_state_of_somebody_without_an_account_who_may_write_is_not_touched(state: str) -> None:
    user = json.loads(state).get("user")
    if not (isinstance(user, dict) and user.keys() & set(MARKS)):
        assert signed(state, None, set()) == state


def test_who_leaves_has_no_name() -> None:
    assert signed(LEFT, "ada", {READS}) == LEFT


def test_a_state_that_gets_too_long_loses_all_but_the_person() -> None:
    state = json.dumps({"user": {"color": "#123456"}, "more": "x" * (MAX_STATE_BYTES - 50)})
    told = {"user": {"name": "ada", "color": "#123456", "reads": True}}
    assert json.loads(signed(state, "ada", {READS})) == told


async def account(name: str, hub: Hub, note: Note, *, claims: str, access: Access = Access.WRITE) -> Peer:
    peer = Peer(claims)
    peer.shown_name, peer.access = name, access
    await peer.join(hub, note)
    return peer


async def test_nobody_takes_the_name_of_another_account(join: Join, hub: Hub, other_hub: Hub, note: Note) -> None:
    ada = await join("Ada", via=other_hub)
    mallory = await account("mallory", hub, note, claims="Ada")
    await expect_names({"Ada", "mallory"}, ada)
    mallory.type("Who wrote this?")
    await mallory.expect_saved()
    row = await Update.objects.filter(document__object_id=note.pk).order_by("-seq").afirst()
    assert row
    assert row.authors == [["mallory", ""]]
    people = other_hub.lobby.people_in(Owner.of(note))
    assert {person["name"] for person in people} == {"Ada", "mallory"}


async def test_who_reads_is_shown_as_a_reader_and_nobody_else(
    join: Join, hub: Hub, other_hub: Hub, note: Note
) -> None:
    ada = await join("Ada", via=other_hub)
    grace = await account("grace", hub, note, claims="grace", access=Access.READ)
    mallory = await account("mallory", hub, note, claims="mallory")
    mallory.state = json.dumps({"user": {"name": "mallory", "reads": True}})
    mallory.clock += 1
    mallory._say_state()

    def readers(of: Peer) -> set[str]:
        return {state["user"]["name"] for state in of.people.values() if state["user"].get("reads")}

    await expect_names({"Ada", "grace", "mallory"}, ada)
    await until(lambda: readers(ada) == {"grace"}, "Grace reads")
    people = other_hub.lobby.people_in(Owner.of(note))
    assert [person["name"] for person in people if "reads" in person] == ["grace"]
    for access, reading in ((Access.WRITE, set()), (Access.READ, {"grace"})):
        room_of(hub, note).change_access(grace, access)
        await until(lambda: readers(ada) == readers(grace) == reading, f"her state goes out anew: {access}")  # noqa: B023
        grace.say_here(cursor=1)  # her own next state is believed all the same
        await until(lambda: ada.people[grace.doc.client_id].get("cursor") == 1, "her next state arrives")
        assert readers(ada) == reading


@pytest.mark.parametrize("state", ['{"user": 7}', '{"user": {"name": 7}}', "{}", '{"user": {"name": ""}}'])
async def test_whatever_an_account_says_of_itself_it_has_its_name(
    join: Join, hub: Hub, note: Note, state: str
) -> None:
    ada = await join("Ada")
    peer = await account("mallory", hub, note, claims="x")
    peer.clock += 1
    peer.state = state
    peer._say_state()
    await expect_names({"Ada", "mallory"}, ada)
