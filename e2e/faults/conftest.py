"""Fixtures of the fault suite: real processes on either database, a crowd that writes, and how hard to try.

The short form, for every day, tries fewer moments and shorter outages: `nox -s faults -- --short`.
"""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from psycopg import sql

from e2e.faults.crowd import Crowd
from tools.app_server import REPOSITORY, AppServer
from tools.postgres import PostgresNotFoundError, PostgresServer, find_postgres
from tools.redis import RedisServer
from tools.sqlite import path_of

WRITERS = 12


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="fewer moments and shorter outages")
    parser.addoption("--seed", type=int, default=None, help="of the random moments; printed when a test fails")


@pytest.fixture(autouse=True)
def seed(request: pytest.FixtureRequest) -> int:
    chosen = request.config.getoption("--seed")
    number = random.randrange(2**32) if chosen is None else int(chosen)
    print(f"--seed {number}")
    random.seed(number)
    return number


@pytest.fixture(scope="session")
def is_short(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--short"))


@pytest.fixture(scope="session")
def moments(is_short: bool) -> int:
    """The number of random moments at which to kill something."""
    return 5 if is_short else 50


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    try:
        find_postgres()
    except PostgresNotFoundError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"NOT TESTED ON POSTGRESQL. {error}")
    with PostgresServer() as server:
        server.execute(sql.SQL("CREATE DATABASE migrated"))
        AppServer(server.url("migrated")).migrate()
        yield server


class Database:
    """A database of the test's own, already migrated."""

    def __init__(self, url: str, postgres: PostgresServer | None = None) -> None:
        self.url = url
        self.postgres = postgres

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def path(self) -> Path:
        return path_of(self.url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, database_url: Callable[[], str]) -> Iterator[Database]:
    if request.param == "sqlite":
        yield Database(database_url())
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = f"test{random.SystemRandom().randrange(10**9)}"
    # A sequence that was copied in use goes back when PostgreSQL crashes before its next checkpoint, and then returns
    # keys a second time.
    postgres.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE migrated").format(sql.Identifier(name)), sql.SQL("CHECKPOINT")
    )
    yield Database(postgres.url(name), postgres)
    postgres.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def servers() -> list[AppServer]:
    """The test's servers, so that a failure shows what they printed."""
    return []


@pytest.fixture
def start_server(project: Path, servers: list[AppServer]) -> Iterator[Callable[..., AppServer]]:
    with ExitStack() as stack:

        def start_server(
            database_url: str,
            redis_url: str = "",
            kind: type[AppServer] = AppServer,
            **settings: str,
        ) -> AppServer:
            settings = {"LOG_LEVEL": "WARNING", **settings}
            servers.append(kind(database_url, redis_url, project=project, settings=settings))
            return stack.enter_context(servers[-1])

        yield start_server


@pytest.fixture
def one_server(start_server: Callable[..., AppServer], database: Database) -> AppServer:
    return start_server(database.url)


@pytest.fixture
def pair(start_server: Callable[..., AppServer], database: Database, redis: RedisServer) -> list[AppServer]:
    """Two processes with one database and one Redis."""
    return [start_server(database.url, redis.url) for _ in range(2)]


@pytest.fixture
def sqlite_pair(
    start_server: Callable[..., AppServer], database_url: Callable[[], str], redis: RedisServer
) -> list[AppServer]:
    url = database_url()
    return [start_server(url, redis.url) for _ in range(2)]


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with Crowd() as crowd:
        yield crowd


@contextmanager
def code(name: str, server: AppServer) -> Iterator[subprocess.Popen[str]]:
    """A process of its own for code, with the server's database and Redis."""
    with subprocess.Popen(
        [sys.executable, "-m", f"e2e.faults.{name}", "1"],
        cwd=REPOSITORY,
        env=dict(server.environment()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def socket_of(server: AppServer, note_id: int = 1) -> str:
    return f"ws://127.0.0.1:{server.port}/ws/notes/{note_id}"


def row_counts(database: Database, note_id: int = 1) -> tuple[int, int]:
    """Returns the number of rows of a note's log, and the bytes of its snapshot."""
    query = (
        f"WITH d AS (SELECT id FROM channels_yjs_document WHERE object_id = '{note_id}')"  # noqa: S608
        " SELECT (SELECT count(*) FROM channels_yjs_update WHERE document_id IN (SELECT id FROM d)),"
        " (SELECT coalesce(max(length(state)), 0) FROM channels_yjs_snapshot WHERE document_id IN (SELECT id FROM d))"
    )
    if database.postgres:
        with database.postgres.connect(database.name) as connection:
            rows = connection.execute(query.encode()).fetchall()
    else:
        with closing(sqlite3.connect(database.path)) as file:
            rows = file.execute(query).fetchall()
    return rows[0]
