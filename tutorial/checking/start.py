"""The first thing to try: whether the project migrates and its server starts."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.app_server import AppServer
from tools.process import ProcessError
from tools.redis import RedisNotFoundError, find_redis
from tools.sqlite import url_of
from tutorial.steps import TutorialError

from .run import Choice

REDIS_SINCE = 4


@dataclass(frozen=True)
class Failure:
    what: str
    printed: str


def try_to_start(copy: Path, place: Path, chapter: int, tests: Choice) -> Failure | None:
    if chapter >= REDIS_SINCE and tests.with_redis:
        require_redis()
    server = AppServer(url_of(place / "start.sqlite3"), project=copy)
    migrated = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=copy,
        env=dict(server.environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    if migrated.returncode:
        return Failure("python manage.py migrate fails.", migrated.stdout + migrated.stderr)
    try:
        with server:
            return None
    except ProcessError as error:
        return Failure("Your server does not start.", str(error))


def require_redis() -> None:
    try:
        find_redis()
    except RedisNotFoundError as error:
        raise TutorialError(
            f"From chapter {REDIS_SINCE} onwards the tests need a Redis. {error} "
            "Or leave out the tests that need it: nox -s check -- … --without-redis"
        ) from None
