"""The server dies while people write. No text is lost that anybody was shown, or that was reported as saved."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.note_page import RARELY_MS, NotePage, expect_same_text
from tools.app_server import AppServer, UvicornServer
from tools.notes_over_http import text_without_javascript
from tools.patience import patience
from tools.sqlite import locked_database

AWAY_MS = 10_000
LOCKED_MS = 2_000
BEFORE = "Before. "

pytestmark = pytest.mark.line_is_cut


def write_in_turns(people: list[NotePage], rounds: range) -> list[str]:
    words = []
    for number in rounds:
        for person in people:
            words.append(f"{person.name}{number}")
            person.type(f"{words[-1]} ")
    return words


def settle(people: list[NotePage]) -> None:
    """Waits until everything about how they met is saved: saving it would keep their words waiting."""
    for number, person in enumerate(people):
        person.expect_text(number * BEFORE)
        person.type_at_end(BEFORE)
        person.expect_saved()
    for person in people:
        person.expect_text(len(people) * BEFORE)


def let_words_come(person: NotePage) -> None:
    """Words that must not come get the time to do so: on a project where they come, as much as they need."""
    before, deadline = person.text, time.monotonic() + patience.seconds
    person.page.wait_for_timeout(LOCKED_MS)
    while patience.is_red and person.text == before and time.monotonic() < deadline:
        person.page.wait_for_timeout(RARELY_MS)


@pytest.mark.parametrize(
    "away_ms",
    [
        pytest.param(0, id="at once", marks=pytest.mark.chapter(9)),
        # Only for the app: a reader need not wait for this at every check.
        pytest.param(AWAY_MS, id="after ten seconds", marks=[pytest.mark.chapter(12), pytest.mark.app]),
    ],
)
def test_the_server_is_killed_while_everyone_types(
    open_note: OpenNote, create_note: CreateNote, own_server: AppServer, away_ms: int
) -> None:
    people = open_note(create_note(on=own_server), "Ada", "Grace")
    for person in people:
        person.go_to_end()
    words = write_in_turns(people, range(5))
    own_server.kill()
    for person in people:
        person.expect_offline(patience.claim_seconds)
    words += write_in_turns(people, range(5, 8))
    people[0].page.wait_for_timeout(away_ms)  # the story: a server that is away for a while
    own_server.start()
    words += write_in_turns(people, range(8, 10))
    assert sorted(expect_same_text(*people).split()) == sorted(words)


@pytest.mark.chapter(3)
def test_what_is_saved_outlives_a_kill(open_note: OpenNote, create_note: CreateNote, own_server: AppServer) -> None:
    """Words typed faster than a server saves them one by one, or most likely all is saved whatever the page says."""
    address = create_note(on=own_server)
    rounds = [f"Saved {number}. " * 10 for number in range(2)]
    for words in rounds:
        ada = open_note(address, "Ada")
        ada.type_at_end(words)
        ada.expect_saved()
        own_server.kill()
        ada.page.context.close()
        own_server.start()
    grace = open_note(address, "Grace")
    grace.expect_text("".join(rounds))


@pytest.mark.chapter(7)
def test_nobody_sees_what_the_database_does_not_hold(
    ada_and_grace: list[NotePage], two_servers: list[AppServer]
) -> None:
    ada, grace = ada_and_grace
    settle(ada_and_grace)
    with locked_database(two_servers[0].settings["DATABASE_URL"]):
        ada.type_at_end("Wait for it")
        let_words_come(grace)
        assert grace.text == 2 * BEFORE
    grace.expect_text(f"{2 * BEFORE}Wait for it")


@pytest.mark.chapter(7)
def test_nobody_reads_what_a_crash_takes_back(
    ada_and_grace: list[NotePage], open_note: OpenNote, two_servers: list[AppServer]
) -> None:
    """Both servers are killed while the database keeps Ada's words waiting. The words that Grace has read survive."""
    ada, grace = ada_and_grace
    settle(ada_and_grace)
    with locked_database(two_servers[0].settings["DATABASE_URL"]):
        ada.type_at_end("Wait for it")
        let_words_come(grace)
        read = grace.text
        for server in two_servers:
            server.kill()
    for person in (ada, grace):
        person.page.context.close()
    two_servers[0].start()
    open_note(ada.address, "Alan").expect_text(read)


@pytest.mark.chapter(7)
@pytest.mark.early
def test_what_another_person_has_seen_outlives_a_kill(
    open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    address = create_note(on=own_server)
    ada, grace = open_note(address, "Ada", "Grace")
    ada.go_to_end()
    for number in range(5):
        ada.type(f"Word {number}. ")
    grace.expect_in_text("Word 4. ")
    own_server.kill()
    seen = grace.text
    ada.page.context.close()
    grace.page.context.close()
    own_server.start()
    open_note(address, "Alan").expect_text(seen)


@pytest.mark.chapter(10)
def test_a_server_that_is_told_to_stop_saves_says_so_and_stops(
    open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    address = create_note(on=own_server)
    ada, grace = open_note(address, "Ada", "Grace")
    ada.type_at_end("Typed just before the end")
    own_server.stop()
    ada.expect_offline()
    assert "code=4503 reason='The server is shutting down.'" in own_server.log
    own_server.start()
    assert expect_same_text(ada, grace) == "Typed just before the end"


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize("kind", [AppServer, UvicornServer], ids=["daphne", "uvicorn"])
def test_the_fields_have_followed_when_a_server_has_stopped(
    kind: type[AppServer], open_note: OpenNote, create_note: CreateNote, database_url: Callable[[], str]
) -> None:
    """Whoever reads the note without opening it would find an old text, until somebody opens it."""
    with kind(database_url()) as server:
        address = create_note(on=server)
        ada = open_note(address, "Ada")
        ada.type_at_end("Typed just before the end")
        ada.expect_saved()
        server.stop()
        ada.page.close()
        server.start()
        assert text_without_javascript(address) == "Typed just before the end"


@pytest.mark.chapter(7)
def test_the_page_without_javascript_shows_what_the_database_holds(
    open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    address = create_note(on=own_server)
    ada = open_note(address, "Ada")
    ada.write("<b>Not bold</b> & kept")
    ada.until(
        lambda: text_without_javascript(address) == "<b>Not bold</b> & kept",
        lambda: f"it stands there without JavaScript, but {text_without_javascript(address)!r} does",
    )
    expect(ada.connection).to_contain_text("Live")
