"""The first thing to try: whether the project migrates and its server starts. The tests then go on with both."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import forked
from tools.app_server import AppServer
from tools.process import ProcessError
from tools.redis import RedisNotFoundError, find_redis
from tools.sqlite import url_of
from tutorial.steps import TutorialError

from .run import MIGRATED, Choice

REDIS_SINCE = 4


@dataclass(frozen=True)
class Failure:
    what: str
    printed: str


@contextmanager
def try_to_start(copy: Path, place: Path, chapter: int, tests: Choice) -> Iterator[AppServer | Failure]:
    """Gives the server while it runs, or says why it does not."""
    if chapter >= REDIS_SINCE and tests.with_redis:
        require_redis()
    if failure := migrate(copy, place / MIGRATED):
        yield failure
        return
    require_database(place / MIGRATED)
    database = place / "db.sqlite3"
    shutil.copy(place / MIGRATED, database)
    server = AppServer(url_of(database), project=copy)
    with ExitStack() as stack:
        try:
            stack.enter_context(server)
        except ProcessError as error:
            yield Failure("Your server does not start.", str(error))
        else:
            yield server


def migrate(copy: Path, database: Path) -> Failure | None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    server = AppServer(url_of(database), project=copy)
    environment = server.environment()
    server.discard()
    with tempfile.TemporaryFile("w+") as printed:
        failed = forked.run(command, copy, environment, printed.fileno(), printed.fileno())
        printed.seek(0)
        return Failure("python manage.py migrate fails.", printed.read()) if failed else None


def require_database(database: Path) -> None:
    """It has been migrated, unless the project's settings name another one."""
    if not database.exists():
        raise TutorialError(
            "Your settings do not take the database from the variable DATABASE_URL, so this would write into your "
            "own: so far it has been migrated, and nothing else. Read the variable as chapter 1 does: "
            'env.db_url("DATABASE_URL", default=…)'
        )


def require_redis() -> None:
    try:
        find_redis()
    except RedisNotFoundError as error:
        raise TutorialError(
            f"From chapter {REDIS_SINCE} onwards the tests need a Redis. {error} "
            "Or leave out the tests that need it: nox -s check -- … --without-redis"
        ) from None
