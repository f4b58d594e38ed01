"""The database is locked, full, or gone for a while. The page never calls anything saved that is not (G1, G2)."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from playwright.sync_api import expect
from psycopg import sql

from e2e.conftest import OpenNote
from e2e.faults.conftest import WRITERS, Database, row_counts, socket_of
from e2e.faults.crowd import Crowd
from e2e.support.note_page import NotePage
from tools.app_server import AppServer
from tools.notes_over_http import create_note_over_http, text_without_javascript
from tools.sqlite import locked_database

pytestmark = [pytest.mark.chapter(10), pytest.mark.line_is_cut]

LOCKED_SECONDS = 6.0  # longer than SQLite waits for its turn
AWAY_SECONDS = 3
MOST_BYTES = 128 * 1024  # of a file


@contextmanager
def locked(database: Database) -> Iterator[None]:
    if database.postgres:
        with database.postgres.connect(database.name) as connection, connection.transaction():
            connection.execute(sql.SQL("LOCK TABLE channels_yjs_document IN ACCESS EXCLUSIVE MODE"))
            yield
        return
    with locked_database(database.url):
        yield


@contextmanager
def limited_files(server: AppServer) -> Iterator[None]:
    """A quota: the server may write nothing behind this many bytes of a file. A row of so many does not fit, wherever
    in its log SQLite begins to write it."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (MOST_BYTES, hard))
    yield
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


def watch_claims(ada: NotePage) -> None:
    """Records from now on, a hundred times a second, what the page says about saving."""
    ada.page.evaluate(
        """() => {
            const status = document.querySelector('[aria-label="Changes"]')
            window.claims = new Set()
            window.watching = setInterval(() => window.claims.add(status.textContent.trim()), 10)
        }"""
    )


def expect_no_claim_that_it_is_saved(ada: NotePage) -> None:
    """Of everything that the page has said meanwhile."""
    said = ada.page.evaluate("() => (clearInterval(window.watching), [...window.claims])")
    assert any(said)
    assert "Saved" not in said


@contextmanager
def commit_under_way(database: Database) -> Iterator[psycopg.Connection]:
    """Appends to the log of note 1, as another process does, and commits at the end."""
    assert database.postgres
    with database.postgres.connect(database.name) as connection, connection.transaction():
        [[document]] = connection.execute(
            "SELECT d.id FROM channels_yjs_document d JOIN django_content_type t ON t.id = d.content_type_id"
            " WHERE object_id = '1' AND model = 'note' FOR UPDATE OF d"
        ).fetchall()
        connection.execute("UPDATE channels_yjs_document SET seq = seq + 1 WHERE id = %s", [document])
        connection.execute(
            "INSERT INTO channels_yjs_update (document_id, seq, payload, created_at)"
            " SELECT id, seq, %s, now() FROM channels_yjs_document WHERE id = %s",
            [b"\0\0", document],
        )
        yield connection


def somebody_waits(connection: psycopg.Connection) -> bool:
    found = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
    return found is not None and found[0] > 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_note_is_deleted_with_the_row_that_is_being_committed(
    one_server: AppServer, database: Database, open_note: OpenNote
) -> None:
    """On SQLite one transaction waits for another anyway."""
    ada = open_note(f"{one_server.url}/notes/1/", "Ada")
    ada.page.get_by_role("link", name="Delete note").click()
    with commit_under_way(database) as connection:
        ada.page.get_by_role("button", name="Delete note").dispatch_event("click")  # waits for no answer
        ada.until(lambda: somebody_waits(connection), lambda: "the deletion waits")
    expect(ada.page.get_by_role("heading", name="All notes")).to_be_visible()
    assert row_counts(database) == (0, 0)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_transaction_that_holds_one_note_holds_up_no_other(
    one_server: AppServer, database: Database, open_note: OpenNote
) -> None:
    """As that of a view which edits a note and goes on working. SQLite only locks everything at once."""
    plans = open_note(create_note_over_http(one_server.url, "Plans"), "Alan")
    ada, grace = open_note(f"{one_server.url}/notes/1/", "Ada", "Grace")
    with commit_under_way(database):
        ada.write("Held up. ")
        ada.until(lambda: "commit waits for another" in one_server.log, lambda: "the commit waits")
        for word in ("Not held up. ", "Nor is this. "):
            plans.write(word)
            plans.expect_saved()
        plans.until(lambda: "Nor is this." in text_without_javascript(plans.page.url), lambda: "the field follows")
        before = grace.text
    ada.expect_saved()
    grace.expect_in_text("Held up. ")
    assert "Held up. " not in before


def test_the_page_says_that_it_is_not_saved_while_the_database_is_locked(
    one_server: AppServer, database: Database, crowd: Crowd, open_note: OpenNote
) -> None:
    url = socket_of(one_server)
    ada, grace = open_note(f"{one_server.url}/notes/1/", "Ada", "Grace")
    before = grace.text
    with locked(database):
        ada.write("Typed while it is locked. ")
        watch_claims(ada)
        grace.page.wait_for_timeout(LOCKED_SECONDS * 1000)
        expect_no_claim_that_it_is_saved(ada)
        assert grace.text == before
    ada.expect_saved()
    grace.expect_in_text("Typed while it is locked. ")
    one_server.kill()
    one_server.start()
    assert "Typed while it is locked. " in crowd.read(url)


def test_nobody_is_shown_or_promised_anything_while_the_database_is_locked(
    one_server: AppServer, database: Database, crowd: Crowd
) -> None:
    url = socket_of(one_server)
    crowd.join(WRITERS, url)
    crowd.until(lambda: all(writer.owed for writer in crowd.writers), "everybody has been shown something")
    with locked(database):
        crowd.until_quiet()
        owed = crowd.owed
        crowd.wait(LOCKED_SECONDS)
        assert crowd.owed == owed
    crowd.expect_converged()
    crowd.expect_nothing_lost(url)


def test_a_full_disk_costs_time_and_nothing_else(
    start_server: Callable[..., AppServer], database_url: Callable[[], str], crowd: Crowd, open_note: OpenNote
) -> None:
    server = start_server(database_url())
    url = socket_of(server)
    crowd.join(WRITERS, url)
    with limited_files(server):
        crowd.do(lambda: crowd.writers[0].type_word(MOST_BYTES))
        crowd.until_true(lambda: "commit failed" in server.log, "the disk is full")
        crowd.until_quiet()
        owed = crowd.owed
        ada = open_note(f"{server.url}/notes/1/", "Ada")
        ada.write("Typed while the disk is full. ")
        watch_claims(ada)
        ada.page.wait_for_timeout(AWAY_SECONDS * 1000)
        expect_no_claim_that_it_is_saved(ada)
        assert crowd.owed == owed
    ada.expect_saved()
    crowd.expect_converged()
    server.kill()
    server.start()
    crowd.expect_nothing_lost(url)
    assert "Typed while the disk is full. " in crowd.read(url)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_postgresql_is_gone_for_a_while(
    pair: list[AppServer], database: Database, crowd: Crowd, open_note: OpenNote
) -> None:
    urls = [socket_of(server) for server in pair]
    crowd.join(WRITERS, *urls)
    ada = open_note(f"{pair[0].url}/notes/1/", "Ada")
    assert database.postgres
    for _ in range(2):
        database.postgres.crash()
        ada.write("Typed while it is gone. ")
        watch_claims(ada)
        crowd.wait(AWAY_SECONDS)
        expect_no_claim_that_it_is_saved(ada)
        database.postgres.start()
        ada.expect_saved()
        crowd.until_news()
    text = crowd.expect_converged()
    assert text.count("Typed while it is gone. ") == 2
    crowd.expect_nothing_lost(*urls)
