"""The development server restarts when the code is saved, while people write."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from channels_yjs.wire.messages import CloseCode
from e2e.faults.crowd import Crowd
from tools.app_server import REPOSITORY, ServerWithWorker

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
APP = ["manage.py", "realtime_notes", "channels_yjs", "notes", "templates"]
PEOPLE = 8
GOODBYES = {1006, CloseCode.TRY_AGAIN}


class ReloadingServer(ServerWithWorker):
    """`runserver` as people start it: one process watches the files, and the other one serves."""

    def command(self) -> Sequence[str]:
        return [sys.executable, "manage.py", "runserver", str(self.port)]


@pytest.fixture
def copied_project(tmp_path: Path) -> Path:
    for name in APP:
        source, target = REPOSITORY / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("tests", "vendor", "__pycache__"))
        else:
            shutil.copy(source, target)
    return tmp_path


@pytest.fixture
def reloading(copied_project: Path, database_url: Callable[[], str]) -> Iterator[ReloadingServer]:
    with ReloadingServer(database_url(), project=copied_project) as server:
        yield server


def reload(server: ReloadingServer, source: Path, crowd: Crowd) -> None:
    """Returns when everybody has lost the line, and has the note again."""
    reloads = server.log.count("reloading")
    closed = crowd.do(lambda: {writer: len(writer.closed) for writer in crowd.writers})

    def has_reloaded() -> bool:
        source.touch()  # again and again, until the server looks
        return server.log.count("reloading") > reloads

    crowd.until_true(has_reloaded, "the server starts again")
    crowd.until(lambda: all(len(w.closed) > closed[w] for w in crowd.writers), "everybody has lost the line")
    crowd.until(lambda: all(writer.is_synced for writer in crowd.writers), "everybody is back")


def test_a_server_that_reloads_under_people_who_write_is_quiet_and_loses_nothing(
    reloading: ReloadingServer, copied_project: Path
) -> None:
    """Its process ends in the middle of everything, without a word to most of the people. They come back."""
    url = f"ws://127.0.0.1:{reloading.port}/ws/notes/1"
    with Crowd() as crowd:
        crowd.join(PEOPLE, url, pause=0.05)
        for _ in range(3):
            reload(reloading, copied_project / "notes" / "views.py", crowd)
        crowd.expect_converged()
        crowd.expect_nothing_lost(url)
        assert {code for writer in crowd.writers for code in writer.closed} <= GOODBYES
    assert "CRITICAL" not in reloading.log
    assert "Traceback" not in reloading.log
