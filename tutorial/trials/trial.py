"""A server of a reader's project on trial: of a copy of the project, with a new database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.app_server import AppServer
from tools.process import ProcessError
from tools.sqlite import url_of
from tutorial.checking.folder import copy_project, require_project
from tutorial.checking.start import require_database
from tutorial.steps import TutorialError


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    require_project(folder)
    with tempfile.TemporaryDirectory(prefix="realtime-notes-trial-") as place:
        yield copy_project(folder, Path(place))


@contextmanager
def served(copy: Path) -> Iterator[AppServer]:
    """Its database holds what the migrations write: the first note, which is Welcome."""
    with tempfile.TemporaryDirectory(dir=copy.parent) as place:
        database = Path(place) / "db.sqlite3"
        server = AppServer(url_of(database), project=copy)
        if server.manage("migrate", "--skip-checks", "--verbosity", "0"):
            raise TutorialError("`python manage.py migrate` fails; see the message above.")
        require_database(database)
        try:
            server.start()
        except ProcessError as error:
            raise TutorialError(f"Your server does not start; `nox -s check` says more. {error}") from None
        try:
            yield server
        finally:
            server.kill()


def first_note(server: AppServer) -> str:
    return f"ws://127.0.0.1:{server.port}/ws/notes/1"
