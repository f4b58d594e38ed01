"""The development server restarts when the code is saved, while people write."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from e2e.faults.crowd import Crowd
from tools.app_server import REPOSITORY, ServerWithWorker

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
APP = ["manage.py", "realtime_notes", "channels_yjs", "notes", "templates"]
PEOPLE = 8


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


def test_a_server_that_reloads_under_people_who_write_says_goodbye_quietly_and_loses_nothing(
    reloading: ReloadingServer, copied_project: Path
) -> None:
    url = f"ws://127.0.0.1:{reloading.port}/ws/notes/1"

    def has_reloaded(times: int) -> bool:
        (copied_project / "notes" / "views.py").touch()  # again and again, until the server looks
        return reloading.log.count("reloading") >= times

    with Crowd() as crowd:
        crowd.join(PEOPLE, url, pause=0.005)
        for times in (1, 2, 3):
            crowd.until(partial(has_reloaded, times), "the server starts again")
            crowd.until(lambda: all(writer.is_synced for writer in crowd.writers), "everybody is back")
        crowd.expect_converged()
        crowd.expect_nothing_lost(url)
    assert "CRITICAL" not in reloading.log
    assert "Traceback" not in reloading.log
