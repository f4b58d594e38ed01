"""Who may speak for whom, and what is news."""

import pytest

from notes.presence import MAX_FAREWELLS, NAME_MAX_LENGTH, Presence, describe
from notes.protocol import GONE, AwarenessEntry

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
    assert presence.leave("socket") == (entry(ADA, 4, GONE),)
    assert presence.everyone() == ()
    assert presence.leave("socket") == ()
    assert presence.farewell(ADA) == entry(ADA, 4, GONE)


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
    assert presence.leave("new") == (entry(ADA, 5, GONE),)


def test_a_connection_takes_the_place_of_one_that_does_not_answer() -> None:
    presence = Presence()
    say(presence, "silent", entry(ADA, 4))
    say(presence, "new", entry(ADA, 5))
    say(presence, "new", entry(ADA, 6))
    assert presence.decide("new") == (entry(ADA, 6),)
    assert presence.leave("silent") == ()
    assert presence.everyone() == (entry(ADA, 6),)


@pytest.mark.parametrize("state", ['{"user": {"name": "Mallory"}}', GONE])
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
    """What disproved it may have been on its way when the line died."""
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
    assert presence.update("socket", [entry(ADA, 4, GONE)]) == (entry(ADA, 4, GONE),)
    assert presence.update("socket", [entry(GRACE, 1, GONE)]) == ()


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
