"""The file of an SQLite database: its address, and for tests that get in its way, all of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

WRITER_SECONDS = 120.0  # to wait for whoever writes just now


def url_of(path: Path) -> str:
    """The address of a database file. A folder's name may hold characters that mean something in an address."""
    return f"sqlite:///{quote(str(path))}"


def path_of(url: str) -> Path:
    return Path(unquote(url.removeprefix("sqlite:///")))


def files_of(url: str) -> list[Path]:
    """The database file, and those that SQLite keeps beside it while it is open or was not closed."""
    path = path_of(url)
    return sorted(path.parent.glob(f"{path.name}*"))


@contextmanager
def locked_database(url: str) -> Iterator[None]:
    """Locks the database, as a writer does."""
    with closing(sqlite3.connect(path_of(url), timeout=WRITER_SECONDS, isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.execute("ROLLBACK")
