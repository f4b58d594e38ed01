"""Two server processes, one database, one Redis: any process serves any note."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.note_page import NotePage, expect_same_text
from tools.app_server import AppServer, runserver
from tools.patience import patience
from tools.redis import RedisServer


class Runserver(AppServer):
    """The app as `python manage.py runserver` serves it."""

    name = "runserver"

    def command(self) -> Sequence[str]:
        return runserver(f"127.0.0.1:{self.port}", self.project)


@pytest.mark.chapter(4)
def test_people_on_two_processes_write_one_note(ada_and_grace: list[NotePage]) -> None:
    ada, grace = ada_and_grace
    ada.type_at_end("From one process. ")
    grace.expect_text("From one process. ")
    grace.type_at_end("From the other.")
    ada.expect_text("From one process. From the other.")


@pytest.mark.chapter(8)
def test_people_on_two_processes_see_each_other(ada_and_grace: list[NotePage]) -> None:
    ada, grace = ada_and_grace
    ada.expect_people("Ada", "Grace")
    grace.expect_people("Ada", "Grace")
    ada.type_at_end("Here I am")
    expect(grace.cursor_of("Ada")).to_be_attached()
    ada.page.context.close()
    grace.expect_people("Grace")


@pytest.mark.chapter(4)
def test_daphne_and_runserver_share_one_note(
    database_url: Callable[[], str], redis: RedisServer, create_note: CreateNote, open_note: OpenNote, project: Path
) -> None:
    """Tests the usual way: `daphne` on one port and `runserver` on the next."""
    url = database_url()
    with (
        AppServer(url, redis.url, project=project) as daphne,
        Runserver(url, redis.url, project=project) as runserver,
    ):
        address = create_note(on=daphne)
        ada = open_note(address, "Ada")
        grace = open_note(address.replace(daphne.url, runserver.url), "Grace")
        ada.type_at_end("Two servers, one note")
        grace.expect_text("Two servers, one note")


@pytest.mark.chapter(4)
@pytest.mark.early
def test_runserver_has_sockets_too(
    database_url: Callable[[], str], create_note: CreateNote, open_note: OpenNote, project: Path
) -> None:
    with Runserver(database_url(), project=project) as runserver:
        ada, grace = open_note(create_note(on=runserver), "Ada", "Grace")
        ada.type_at_end("One server, one note")
        grace.expect_text("One server, one note")


@pytest.mark.chapter(9)
@pytest.mark.line_is_cut
def test_one_process_is_killed_and_its_people_go_on_by_the_other(
    ada_and_grace: list[NotePage], two_servers: list[AppServer]
) -> None:
    ada, grace = ada_and_grace
    ada.type_at_end("Before. ")
    grace.expect_text("Before. ")
    two_servers[0].kill()
    ada.expect_offline(patience.claim_seconds)
    ada.type_at_end("Ada alone. ")
    grace.type_at_end("Grace goes on. ")
    two_servers[0].start()
    assert sorted(expect_same_text(ada, grace).split(". ")) == ["", "Ada alone", "Before", "Grace goes on"]


@pytest.mark.chapter(7)
def test_redis_dies_and_comes_back_and_nobody_loses_a_word(ada_and_grace: list[NotePage], redis: RedisServer) -> None:
    ada, grace = ada_and_grace
    ada.type_at_end("With Redis. ")
    grace.expect_text("With Redis. ", patience.seconds)
    redis.kill()
    ada.type_at_end("Without. ")
    grace.expect_text("With Redis. Without. ")
    redis.start()
    grace.type_at_end("Again. ")
    ada.expect_text("With Redis. Without. Again. ")


def is_heard(grace: NotePage, ada: NotePage) -> bool:
    """Moves Grace's cursor, of which only a ring can tell."""
    grace.press("ArrowLeft", "ArrowRight")
    return ada.cursor_of("Grace").count() > 0


@pytest.mark.chapter(8)
def test_redis_dies_and_comes_back_and_everybody_is_still_listed(
    ada_and_grace: list[NotePage], redis: RedisServer, open_note: OpenNote
) -> None:
    """And a newcomer on the other process, of whom only a ring can tell."""
    ada, grace = ada_and_grace
    ada.expect_people("Ada", "Grace")
    redis.kill()
    redis.start()
    grace.type_at_end("Again")
    ada.expect_text("Again")
    ada.until(lambda: is_heard(grace, ada), lambda: "the processes hear each other again")
    open_note(grace.address, "Alan")
    ada.expect_people("Ada", "Grace", "Alan")
