"""A complete copy of the SQLite database. Its file alone lacks what is still in the `-wal` file beside it."""

import os
import sqlite3
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

PG_DUMP = 'pg_dump --format=custom --file=FILE "$DATABASE_URL"'


class Command(BaseCommand):
    help = "Writes a backup of the SQLite database to a new file. Can run while people write."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="must not exist yet")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError(f"This command backs up SQLite. Back up PostgreSQL with: {PG_DUMP}")
        partial = file.with_name(f"{file.name}.partial")  # half a backup never has the final name
        for path in (file, partial):
            if path.exists():
                raise CommandError(f"{path} already exists. Choose a new file.")
        try:
            copy_database(partial)
            check_copy(partial)
            partial.rename(file)
        except (Error, sqlite3.Error, OSError) as error:
            partial.unlink(missing_ok=True)
            raise CommandError(f"The backup could not be written to {file}: {error}") from error
        self.stdout.write(f"{file} is complete: {file.stat().st_size} bytes.")


def copy_database(target: Path) -> None:
    """Copies the state of the database at one moment. Writers do not wait, and the copy does not wait for them."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(target)])


def check_copy(target: Path) -> None:
    with closing(sqlite3.connect(target)) as copy:
        [answer] = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if answer != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged: {answer}")
    with target.open("rb") as file:
        os.fsync(file)
