"""Databases are backed up, restored and left for others while people write. Nothing that anybody is owed is lost."""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import expect
from psycopg import sql

from e2e.conftest import OpenNote
from e2e.faults.conftest import WRITERS, Database, row_counts, socket_of
from e2e.faults.crowd import Crowd
from tools.app_server import REPOSITORY, AppServer
from tools.postgres import PostgresServer
from tools.sqlite import files_of, path_of, url_of

pytestmark = [pytest.mark.chapter(12), pytest.mark.app, pytest.mark.line_is_cut]

PAGE = REPOSITORY / "docs" / "how-to" / "production.md"
DUMP = re.findall(r"manage\.py (dumpdata .*) --output", PAGE.read_text(encoding="utf-8"))
AN_EDITOR = """
from django.contrib.auth.models import User
User.objects.create(username="ada").groups.create(name="Editors")
"""
COMPACT_AFTER = 20
FEW_WRITERS = 2
StartServer = Callable[..., AppServer]


@pytest.fixture
def make_database(postgres: PostgresServer) -> Iterator[Callable[[str], str]]:
    """Makes an empty PostgreSQL database, and returns its address."""
    made: list[sql.Identifier] = []

    def make_database(name: str) -> str:
        made.append(sql.Identifier(name))
        postgres.execute(sql.SQL("CREATE DATABASE {}").format(made[-1]))
        return postgres.url(name)

    yield make_database
    for name in made:
        postgres.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def run(*command: str) -> None:
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)


def manage(server: AppServer, *arguments: str) -> None:
    assert server.manage(*arguments) == 0, f"manage.py {arguments[0]} failed"


def back_up(server: AppServer, database: Database, file: Path) -> None:
    if database.postgres:
        run(database.postgres.program("pg_dump"), "--format=custom", f"--file={file}", database.url)
    else:
        manage(server, "backup", str(file))


def until_somebody_is_owed_and_there_is_a_snapshot(crowd: Crowd, database: Database) -> set[str]:
    crowd.until(lambda: all(writer.owed for writer in crowd.writers), "everybody has been shown something")
    crowd.until(lambda: row_counts(database)[1] > 0, "a snapshot has been made")
    return crowd.owed


def test_a_backup_taken_while_people_write_has_all_that_was_saved_when_it_began(
    start_server: StartServer, database_url: Callable[[], str], crowd: Crowd, tmp_path: Path
) -> None:
    """The few writers' text is all in the `-wal` file beside the database. In the next test a dozen write."""
    database, backup = Database(database_url()), tmp_path / "backup.sqlite3"
    server = start_server(database.url)
    crowd.join(FEW_WRITERS, socket_of(server), pause=0.5)
    crowd.until(lambda: all(writer.owed for writer in crowd.writers), "everybody has been shown something")
    owed = crowd.owed
    back_up(server, database, backup)
    crowd.until_news()
    copy = start_server(f"sqlite:///{backup}")
    crowd.expect_nothing_lost(socket_of(copy), owed=owed)
    crowd.expect_converged()


def test_people_bring_back_what_a_restored_backup_lacks(
    start_server: StartServer,
    database: Database,
    request: pytest.FixtureRequest,
    crowd: Crowd,
    open_note: OpenNote,
    tmp_path: Path,
) -> None:
    server = start_server(database.url, COMPACT_AFTER_UPDATES=str(COMPACT_AFTER))
    crowd.join(WRITERS, socket_of(server))
    ada = open_note(f"{server.url}/notes/1/", "Ada")
    owed = until_somebody_is_owed_and_there_is_a_snapshot(crowd, database)
    backup = tmp_path / "backup"
    back_up(server, database, backup)
    crowd.until_news()
    ada.write("Written after the backup. ")
    ada.expect_saved()
    server.stop()
    restore(server, database, backup, request)
    manage(server, "migrate", "--verbosity", "0")
    alone = start_server(server.settings["DATABASE_URL"])
    crowd.expect_nothing_lost(socket_of(alone), owed=owed)
    assert "Written after the backup. " not in crowd.read(socket_of(alone))
    alone.stop()
    server.start()
    ada.expect_live()
    ada.expect_saved()
    crowd.expect_converged()
    crowd.expect_nothing_lost(socket_of(server))
    assert "Written after the backup. " in crowd.read(socket_of(server))


def restore(server: AppServer, database: Database, backup: Path, request: pytest.FixtureRequest) -> None:
    """Restores a backup as the docs describe it."""
    if not database.postgres:
        replaced = backup.with_name("replaced")
        replaced.mkdir()
        for file in files_of(database.url):
            shutil.move(file, replaced)
        shutil.copy(backup, database.path)
        return
    server.settings["DATABASE_URL"] = url = request.getfixturevalue("make_database")("restored")
    run(database.postgres.program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={url}", str(backup))


def test_a_note_that_moves_to_another_database_and_back_loses_nothing(
    start_server: StartServer,
    database_url: Callable[[], str],
    make_database: Callable[[str], str],
    crowd: Crowd,
    open_note: OpenNote,
    tmp_path: Path,
) -> None:
    """From SQLite to PostgreSQL and back, as the page says. Each dump is taken while people write; the text that they
    write after it is in their pages alone, until these reconnect."""
    first = Database(database_url())
    server = start_server(first.url, COMPACT_AFTER_UPDATES=str(COMPACT_AFTER))
    manage(server, "shell", "-v", "0", "-c", AN_EDITOR)
    url = socket_of(server)
    crowd.join(WRITERS, url)
    ada = open_note(f"{server.url}/notes/1/", "Ada")
    until_somebody_is_owed_and_there_is_a_snapshot(crowd, first)
    for number, target in enumerate([make_database("moved"), f"sqlite:///{tmp_path / 'back.sqlite3'}"]):
        owed, dump = crowd.owed, tmp_path / f"{number}.json"
        manage(server, *DUMP[0].split(), "--output", str(dump))
        ada.write(f"Before move {number}. ")
        ada.expect_saved()
        server.stop()
        ada.expect_offline()
        ada.write(f"While it moves {number}. ")
        server.settings["DATABASE_URL"] = target
        manage(server, "migrate", "--verbosity", "0")
        manage(server, "loaddata", "--verbosity", "0", str(dump))
        alone = start_server(target)
        crowd.expect_nothing_lost(socket_of(alone), owed=owed)
        alone.stop()
        server.start()
        ada.expect_live()
        ada.expect_saved()
        crowd.until_news()
    text = crowd.expect_converged()
    manage(server, "compact_documents")
    server.kill()
    server.start()
    crowd.expect_nothing_lost(url)
    for number in range(2):
        assert text.count(f"Before move {number}. ") == text.count(f"While it moves {number}. ") == 1
    assert crowd.read(url) == text


# Dumps of databases that the app of commit db3fd49 has made and written, which kept the logs of notes itself: by
# sqlite3's `.dump` and by `pg_dump --inserts --no-owner`. Note 1 is as it was created, 2 has a log, 3 has a snapshot
# and newer rows.
DUMPS = Path(__file__).parent / "old_databases"
PLANS = "one two drei äöü 🙂 "
DIARY = "".join(f"line {number}\n" for number in range(1, 9)) + "after the snapshot"


@pytest.fixture(params=["sqlite", "postgresql"])
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    dump = (DUMPS / f"{request.param}.sql").read_text(encoding="utf-8")
    if request.param == "sqlite":
        url = url_of(tmp_path / "old.sqlite3")
        with closing(sqlite3.connect(path_of(url))) as file:
            file.executescript(dump)
        return url
    make_database: Callable[[str], str] = request.getfixturevalue("make_database")
    url = make_database("old")
    with psycopg.connect(url) as connection:
        connection.execute(dump.encode())
    return url


def test_a_database_of_the_app_before_it_had_an_engine_is_carried_over(
    start_server: StartServer, old_database: str, open_note: OpenNote, crowd: Crowd
) -> None:
    manage(AppServer(old_database), "migrate", "--verbosity", "0")
    server = start_server(old_database)
    assert "This note is yours" in crowd.read(socket_of(server, 1))
    assert crowd.read(socket_of(server, 2)) == PLANS
    assert crowd.read(socket_of(server, 3)) == DIARY
    plans = open_note(f"{server.url}/notes/2/", "Ada")
    expect(plans.title).to_have_text("Plans, renamed")
    diary = open_note(f"{server.url}/notes/3/", "Ada")
    diary.write(". And on.")
    diary.expect_saved()
    manage(server, "compact_documents")
    assert crowd.read(socket_of(server, 3)) == f"{DIARY}. And on."
