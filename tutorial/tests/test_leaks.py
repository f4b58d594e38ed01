"""The test of chapter 5 that something does not arrive, on a server where it does arrive."""

import shutil
from collections.abc import Callable
from pathlib import Path

from e2e.support.readers_tests import try_tests
from tools.app_server import AppServer
from tools.sqlite import url_of

ONE_GROUP_EACH, ONE_GROUP = 'f"note.{self.note_id}"', '"note.all"'


def test_the_test_of_another_note_fails_where_everybody_is_told_everything(
    project_of: Callable[[int], Path], tmp_path: Path
) -> None:
    leaking = shutil.copytree(project_of(5), tmp_path / "leaking")
    consumers = (leaking / "notes" / "consumers.py").read_text()
    assert ONE_GROUP_EACH in consumers
    (leaking / "notes" / "consumers.py").write_text(consumers.replace(ONE_GROUP_EACH, ONE_GROUP))
    tests = tmp_path / "tests"
    tests.mkdir()
    server = AppServer(url_of(tmp_path / "leaking.sqlite3"), project=leaking)
    server.migrate()
    with server:
        [(name, failure)] = try_tests(leaking, server, tests, "another_note")
    assert name == "test_another_note_stays_as_it_is"
    assert "it reads 'In another note" in failure
