"""The command that copies the database. e2e/faults shows that it does so while people write."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from notes.management.commands import backup
from notes.tests.sharing import create_note

pytestmark = pytest.mark.django_db(transaction=True)


def titles(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as copy:
        return [title for (title,) in copy.execute("SELECT title FROM notes_note ORDER BY id")]


def test_a_backup_holds_what_the_file_itself_does_not_hold_yet(tmp_path: Path) -> None:
    create_note("In the file beside it")
    target = tmp_path / 'backup\'s "copy".sqlite3'
    call_command("backup", str(target))
    assert titles(target)[-1] == "In the file beside it"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_backup_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"
    target.write_text("Mine")
    with pytest.raises(CommandError, match=r"copy\.sqlite3 already exists\. Choose a new file\."):
        call_command("backup", str(target))
    assert target.read_text() == "Mine"


def test_a_backup_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"could not be written to .*: unable to open database"):
        call_command("backup", str(tmp_path / "nowhere" / "copy.sqlite3"))
    assert not list(tmp_path.iterdir())


def test_a_damaged_copy_is_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_database = backup.copy_database

    def copy_and_damage(target: Path) -> None:
        copy_database(target)
        whole = target.read_bytes()
        target.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])

    monkeypatch.setattr(backup, "copy_database", copy_and_damage)
    with pytest.raises(CommandError, match=r"The backup could not be written to .*"):
        call_command("backup", str(tmp_path / "copy.sqlite3"))
    assert not list(tmp_path.iterdir())


def test_on_postgresql_the_command_names_the_one_to_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql")
    with pytest.raises(CommandError, match="Back up PostgreSQL with: pg_dump --format=custom"):
        call_command("backup", str(tmp_path / "copy"))
    assert not list(tmp_path.iterdir())
