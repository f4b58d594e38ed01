"""Presence: who may speak for whom, what is news, and that everybody who is connected is listed, however long they
say nothing."""

import json
from collections import deque
from typing import Any, cast

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycrdt import Awareness as StockAwareness
from pycrdt import Doc

from channels_yjs.hub.hub import RENEW_PRESENCE_SECONDS
from channels_yjs.models import Document
from channels_yjs.names import Author
from channels_yjs.rooms import news
from channels_yjs.rooms.person import NAME_MAX_LENGTH, describe
from channels_yjs.rooms.presence import LONGEST_JUMP, MAX_FAREWELLS, STALE_ROUNDS, Presence
from channels_yjs.rooms.room import Room
from channels_yjs.tests.project.models import Note
from channels_yjs.wire import messages
from channels_yjs.wire.lib0 import MAX_SAFE_INTEGER, ProtocolError, varbytes
from channels_yjs.wire.messages import LEFT, Access, Awareness, AwarenessEntry

ADA, GRACE = 1, 2


def entry(client_id: int, clock: int, state: str = '{"user": {"name": "Ada"}}') -> AwarenessEntry:
    return AwarenessEntry(client_id, clock, state)


def test_a_newer_state_is_news_once() -> None:
    presence = Presence()
    assert presence.update("socket", [entry(ADA, 1)]) == (entry(ADA, 1),)
    assert presence.update("socket", [entry(ADA, 1)]) == ()
    assert presence.update("socket", [entry(ADA, 3)]) == (entry(ADA, 3),)
    assert presence.update("socket", [entry(ADA, 2)]) == ()
    assert presence.everyone() == (entry(ADA, 3),)


def test_a_connection_speaks_for_the_first_client_it_announces_and_no_other() -> None:
    presence = Presence()
    assert presence.own("socket", [entry(ADA, 1)]) == [entry(ADA, 1)]
    assert presence.own("socket", [entry(GRACE, 9), entry(ADA, 2)]) == [entry(ADA, 2)]


def test_who_leaves_is_gone_and_that_is_news() -> None:
    presence = Presence()
    presence.update("socket", [entry(ADA, 4)])
    assert presence.leave("socket") == (entry(ADA, 4, LEFT),)
    assert presence.everyone() == ()
    assert presence.leave("socket") == ()
    assert presence.farewell(ADA) == entry(ADA, 4, LEFT)


def test_who_comes_back_must_have_moved_its_clock_on() -> None:
    presence = Presence()
    presence.update("socket", [entry(ADA, 4)])
    presence.leave("socket")
    assert presence.update("new socket", [entry(ADA, 4)]) == ()
    assert presence.update("new socket", [entry(ADA, 5)]) == (entry(ADA, 5),)
    assert presence.farewell(ADA) is None


def say(presence: Presence, connection: str, said: AwarenessEntry) -> tuple[AwarenessEntry, ...]:
    return presence.update(connection, presence.own(connection, [said]))


def test_a_connection_that_replaced_a_dead_one_keeps_its_client_here() -> None:
    presence = Presence()
    say(presence, "dead", entry(ADA, 4))
    assert say(presence, "new", entry(ADA, 5)) == ()
    assert presence.rival("new") == "dead"
    assert presence.leave("dead") == (entry(ADA, 5),)
    assert presence.leave("new") == (entry(ADA, 5, LEFT),)


def test_a_connection_takes_the_place_of_one_that_does_not_answer() -> None:
    presence = Presence()
    say(presence, "silent", entry(ADA, 4))
    say(presence, "new", entry(ADA, 5))
    say(presence, "new", entry(ADA, 6))
    assert presence.decide("new") == (entry(ADA, 6),)
    assert presence.leave("silent") == ()
    assert presence.everyone() == (entry(ADA, 6),)


@pytest.mark.parametrize("state", ['{"user": {"name": "Mallory"}}', LEFT])
def test_nobody_takes_the_client_of_a_connection_that_answers(state: str) -> None:
    presence = Presence()
    say(presence, "ada", entry(ADA, 4))
    assert say(presence, "mallory", entry(ADA, 900, state)) == ()
    presence.alive("ada")
    assert presence.decide("mallory") == ()
    assert say(presence, "ada", entry(ADA, 5)) == (entry(ADA, 5),)
    assert presence.leave("mallory") == ()
    assert presence.everyone() == (entry(ADA, 5),)


def test_a_claim_that_was_disproved_may_be_made_again() -> None:
    """The message that disproved it may have been on its way when the connection died."""
    presence = Presence()
    say(presence, "dead", entry(ADA, 4))
    say(presence, "new", entry(ADA, 5))
    presence.alive("dead")
    assert presence.decide("new") == ()
    assert presence.rival("new") == "dead"
    assert presence.decide("new") == (entry(ADA, 5),)


def test_a_client_that_says_it_leaves_is_believed() -> None:
    presence = Presence()
    presence.update("socket", [entry(ADA, 4)])
    assert presence.update("socket", [entry(ADA, 4, LEFT)]) == (entry(ADA, 4, LEFT),)
    assert presence.update("socket", [entry(GRACE, 1, LEFT)]) == ()


def test_who_left_longest_ago_is_forgotten_first() -> None:
    presence = Presence()
    for client_id in range(MAX_FAREWELLS + 1):
        presence.update("socket", [entry(client_id, 1)])
        presence.leave("socket")
    assert presence.farewell(0) is None
    assert presence.farewell(1)


def test_owners_are_told_apart() -> None:
    presence = Presence()
    presence.update("socket", [entry(ADA, 1)])
    presence.update("other process", [entry(GRACE, 1)])
    assert presence.owned_by(["socket"]) == (entry(ADA, 1),)


def test_whatever_people_call_themselves_the_list_gets_a_short_name() -> None:
    states = [
        '{"user": {"name": " Ada ", "color": "#123456"}}',
        '{"user": {"name": "' + "x" * 1000 + '"}}',
        '{"user": {"name": 7, "color": 8}}',
        '{"user": []}',
        "{}",
    ]
    assert [describe(entry(ADA, 1, state)) for state in states] == [
        {"name": "Ada", "color": "#123456"},
        {"name": "x" * NAME_MAX_LENGTH, "color": ""},
        *3 * [{"name": "Somebody", "color": ""}],
    ]


def test_a_client_that_says_nothing_is_told_of_again_with_newer_clocks() -> None:
    presence = Presence()
    say(presence, "hidden", entry(ADA, 4))
    assert presence.renew(["hidden"]) == ()  # it has just sent something
    assert presence.renew(["hidden"]) == (entry(ADA, 5),)
    assert presence.renew(["hidden"]) == (entry(ADA, 6),)
    assert presence.lagging(ADA) == "hidden"
    assert say(presence, "hidden", entry(ADA, 7)) == (entry(ADA, 7),)
    assert presence.lagging(ADA) is None
    assert presence.renew(["hidden"]) == ()


def test_only_a_processs_own_people_are_told_of_again() -> None:
    presence = Presence()
    presence.update("other process", [entry(GRACE, 4)])
    assert [presence.renew(["socket"]) for _ in range(3)] == [(), (), ()]


def test_a_change_with_a_clock_that_others_have_heard_of_is_told_with_the_next() -> None:
    presence = Presence()
    say(presence, "hidden", entry(ADA, 4))
    for _ in range(4):
        presence.renew(["hidden"])
    assert presence.everyone() == (entry(ADA, 7),)
    renamed = entry(ADA, 5, '{"user": {"name": "Countess"}}')
    assert say(presence, "hidden", renamed) == (AwarenessEntry(ADA, 8, renamed.state),)
    assert say(presence, "hidden", renamed) == ()
    assert say(presence, "hidden", entry(ADA, 4)) == (), "an old state has come back"
    assert presence.people(["hidden"])[0]["name"] == "Countess"
    assert say(presence, "hidden", entry(ADA, 5, LEFT)) == (entry(ADA, 8, LEFT),)


def test_a_client_without_a_state_does_not_speak_for_those_whose_states_it_repeats() -> None:
    presence = Presence()
    say(presence, "ada", entry(ADA, 4))
    presence.update("other process", [entry(GRACE, 4)])
    for repeated in (entry(ADA, 4), entry(GRACE, 4), entry(GRACE, 4, LEFT)):
        assert say(presence, "mirror", repeated) == ()
    assert presence.leave("ada") == (entry(ADA, 4, LEFT),)
    assert presence.leave("other process") == (entry(GRACE, 4, LEFT),)


def test_no_clock_is_told_that_a_browser_cannot_count() -> None:
    presence = Presence()
    presence.update("hostile", [entry(ADA, MAX_SAFE_INTEGER - 1)])
    told = [said for _ in range(5) for said in presence.renew(["hostile"])]
    assert told == [entry(ADA, MAX_SAFE_INTEGER)]


@pytest.mark.parametrize("state", ['{"user": {"name": "Mallory"}}', LEFT])
def test_nobody_takes_the_clocks_that_somebody_else_would_need(state: str) -> None:
    """Ada is on another process. A clock near the end of all clocks would leave her none that a browser can count."""
    presence = Presence()
    presence.update("another process", [entry(ADA, 1)])
    presence.own("hostile", [entry(ADA, 2)])
    with pytest.raises(ProtocolError, match="far ahead"):
        say(presence, "hostile", entry(ADA, 3 + LONGEST_JUMP, state))
    assert presence.everyone() == (entry(ADA, 1),)


def test_a_client_of_another_process_of_whom_nothing_comes_any_more_has_left() -> None:
    """The ring that said so was lost. One that is renewed, as its process does, stays."""
    presence = Presence()
    presence.update("another process", [entry(ADA, 1), entry(GRACE, 1)])
    presence.update("socket", [entry(3, 1)])
    left: list[AwarenessEntry] = []
    for clock in range(2, STALE_ROUNDS + 5):
        presence.update("another process", [entry(GRACE, clock)])
        left += presence.forget_stale(["socket"])
    assert left == [entry(ADA, 1, LEFT)]
    assert {said.client_id for said in presence.everyone()} == {GRACE, 3}


@pytest.mark.parametrize("name", ["a\0b", "half an emoji \ud83d", "\0"])
def test_a_name_that_databases_and_channel_layers_refuse_is_mended(name: str) -> None:
    person = describe(entry(ADA, 1, json.dumps({"user": {"name": name, "color": name}})))
    assert msgpack.unpackb(msgpack.packb(person)) == person
    assert "\0" not in person["name"] + person["color"]


def test_many_states_are_told_in_frames_that_clients_may_send_back() -> None:
    states = [entry(number, 1, json.dumps({"user": {"name": "x" * 300}})) for number in range(1000)]
    frames = messages.encode_presence(states)
    told = [entry for frame in frames for entry in cast(Awareness, messages.decode(frame)).entries]
    assert told == states


# In any order of renewals, changes, frames and rings. The people have pycrdt's own Awareness and the processes
# real rooms. Only the connections and the doorbell are the tests' own: anything may be on its way anywhere.

FORGOTTEN_AFTER_SECONDS = 30  # in y-protocols and pycrdt alike
ROUNDS_OF_FRAMES = 50  # far more than are needed until nobody has anything more to say
PEOPLE = 3


class Line:
    """A socket, as the room and the browser see it: frames are on their way until they are delivered."""

    author: Author | None = None
    shown_name: str | None = None
    is_guest = False
    access = Access.WRITE
    is_told_access = False

    def __init__(self) -> None:
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()

    def deliver(self, frame: bytes) -> None:
        self.down.append(frame)

    def shut(self, code: int, reason: str) -> None:
        raise AssertionError(f"The server closes an honest client: {reason}")


class Browser(StockAwareness):
    """Awareness with the habits of y-websocket: it sends every change, and forgets the others when disconnected."""

    def __init__(self, stage: "Stage", number: int) -> None:
        self.stage = stage
        self.line: Line | None = None
        self.room = stage.rooms[0]
        self.shown = -1
        super().__init__(Doc[Any](client_id=number))
        self.observe(self._send_changes)
        self.show(0)

    def show(self, value: int) -> None:
        self.shown = value
        self.set_local_state({"value": value})

    def join(self, room: Room) -> None:
        self.line, self.room = Line(), room
        room.add(self.line)
        self._send([self.client_id])

    def leave(self) -> None:
        line, self.line = self.line, None
        if line:
            self.room.remove(line)
        self.remove_awareness_states([i for i in self.states if i != self.client_id], "the line")

    def frame_to_server(self) -> bool:
        if not (self.line and self.line.up):
            return False
        self.room.receive(self.line, messages.decode(self.line.up.popleft()))
        return True

    def frame_to_browser(self) -> bool:
        if not (self.line and self.line.down):
            return False
        match messages.decode(self.line.down.popleft()):
            case Awareness(entries):
                self.apply_awareness_update(messages.encode(Awareness(entries))[2:], "the line")
        return True

    def forget_the_silent(self) -> set[int]:
        """Does the work of the libraries' interval, which runs in real time. Returns the forgotten clients."""
        long_ago = self._get_time() - FORGOTTEN_AFTER_SECONDS * 1000
        silent = {number for number in self.states if self.meta[number]["lastUpdated"] <= long_ago}
        self.remove_awareness_states([*silent - {self.client_id}], "timeout")
        return silent - {self.client_id}

    @property
    def seen(self) -> dict[int, int]:
        return {number: state["value"] for number, state in self.states.items()}

    def _get_time(self) -> int:
        return int(self.stage.seconds * 1000)

    def _send_changes(self, topic: str, event: tuple[dict[str, Any], Any]) -> None:
        if topic == "update":
            self._send([client_id for changed in event[0].values() for client_id in changed])

    def _send(self, client_ids: list[int]) -> None:
        if self.line:
            update = self.encode_awareness_update(client_ids)
            self.line.up.append(bytes((messages.AWARENESS,)) + varbytes(update))


class Host:
    """The part of a hub that presence needs."""

    def __init__(self, name: str, rings: deque[tuple[str, AwarenessEntry]]) -> None:
        self._name, self._rings = name, rings

    def start(self, job: Any) -> None:
        raise AssertionError("There is nothing to do.")

    def ring_presence(self, room: Room, entry: AwarenessEntry) -> None:
        self._rings.append((self._name, entry))

    def ring_people(self, room: Room, people: list[Any]) -> None:
        """Does nothing: nobody looks at the list."""


class Stage:
    """Two processes and some people, all on one note."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.rings: deque[tuple[str, AwarenessEntry]] = deque()
        self.rooms = [
            Room(Document(pk=1), Note(pk=1), cast(Any, Host(name, self.rings))) for name in ("one", "other")
        ]
        self.browsers = [Browser(self, number) for number in range(1, PEOPLE + 1)]
        for browser in self.browsers:
            browser.join(self.rooms[browser.client_id % 2])

    def renew(self) -> None:
        for room in self.rooms:
            room.renew_presence()

    def tell(self) -> None:
        for room in self.rooms:
            if room._news:
                room._news.tell()

    def ring(self) -> bool:
        if not self.rings:
            return False
        process, entry = self.rings.popleft()
        room = self.rooms[1 if process == "one" else 0]
        room.on_presence(process, [entry])
        return True

    def settle(self) -> None:
        """Everything that is on its way arrives, and so does what follows from it."""
        for _ in range(ROUNDS_OF_FRAMES):
            self.tell()
            moved = [self.ring()]
            for browser in self.browsers:
                moved += [browser.frame_to_server(), browser.frame_to_browser()]
            if not any(moved) and not any(bool(room._news) for room in self.rooms):
                return
        raise AssertionError("They never come to rest.")

    def expect_true_presence(self) -> None:
        online = {b.client_id: b.shown for b in self.browsers if b.line}
        for browser in self.browsers:
            assert browser.seen == (online if browser.line else {browser.client_id: browser.shown})
        for room in self.rooms:
            assert {e.client_id: json.loads(e.state)["value"] for e in room.presence.everyone()} == online

    def close(self) -> None:
        for room in self.rooms:
            room.close()


people = st.integers(0, PEOPLE - 1)
steps = st.one_of(
    st.tuples(
        st.sampled_from(["show", "frame_to_server", "frame_to_browser", "leave", "join", "join_other"]), people
    ),
    st.tuples(st.sampled_from(["renew", "tell", "ring"]), st.just(0)),
)


@pytest.fixture
def untold_until_the_test_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "GAP_SECONDS", 3600.0)


def take_step(stage: Stage, verb: str, person: int, number: int) -> None:
    browser = stage.browsers[person]
    match verb:
        case "renew" | "tell" | "ring":
            getattr(stage, verb)()
        case "show":
            browser.show(number)
        case "frame_to_server" | "frame_to_browser" | "leave":
            getattr(browser, verb)()
        case "join" | "join_other" if not browser.line:
            while stage.ring():
                """A ring takes less time than a browser needs to come back."""
            browser.join(stage.rooms[verb == "join_other"])


# Somebody whose clock others have seen further on comes back, by another process, with a state that nobody has seen.
BACK_WITH_AN_OLDER_CLOCK = [
    ("frame_to_server", 0),
    ("renew", 0),
    ("show", 0),
    ("renew", 0),
    ("renew", 0),
    ("tell", 0),
    ("leave", 0),
    ("join", 0),
]


@pytest.mark.usefixtures("untold_until_the_test_says_so")
@settings(max_examples=400)
@example(BACK_WITH_AN_OLDER_CLOCK)
@given(st.lists(steps, max_size=80))
async def test_in_the_end_all_see_the_last_state_of_everybody_with_a_line(taken: list[tuple[str, int]]) -> None:
    stage = Stage()
    for number, (verb, person) in enumerate(taken, start=1):
        take_step(stage, verb, person, number)
    for _ in range(3):  # a stock client that was away believes only states that are newer than those it knew
        stage.settle()
        stage.renew()
    stage.settle()
    stage.expect_true_presence()
    stage.close()


@pytest.mark.usefixtures("untold_until_the_test_says_so")
@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["leave", "join", "show", "nothing", "nothing"]), people), max_size=40))
async def test_nobody_with_a_line_is_forgotten_and_nobody_without_one_stays(taken: list[tuple[str, int]]) -> None:
    """The timers of these browsers do not run at all. Somebody comes, goes or does something every few seconds."""
    stage = Stage()
    for number, (verb, person) in enumerate([*taken, *[("nothing", 0)] * 10], start=1):
        take_step(stage, verb, person, number)
        stage.settle()
        stage.seconds += RENEW_PRESENCE_SECONDS
        stage.renew()
        stage.settle()
        online = {browser.client_id for browser in stage.browsers if browser.line}
        for browser in stage.browsers:
            assert not browser.forget_the_silent() & online
            assert browser.seen.keys() <= online | {browser.client_id}
    stage.expect_true_presence()
    stage.close()
