"""Attacks and a crowd on a project whose server is made by hand, and on the app, which has the engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tutorial.steps import REPOSITORY, write_project
from tutorial.trials.crowd import say_beside_earlier

HAND_MADE = 9  # the last chapter that stores whatever it is sent
APP = ["manage.py", "realtime_notes", "notes", "templates", "channels_yjs"]


@pytest.fixture
def hand_made(tmp_path: Path) -> Path:
    write_project(HAND_MADE, tmp_path / "by-hand")
    return tmp_path / "by-hand"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "the-app"
    folder.mkdir()
    for name in APP:
        source = REPOSITORY / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


def reader(*arguments: str | Path, temporary: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tutorial", *map(str, arguments)],
        cwd=REPOSITORY,
        # Only the crowd has a folder of its own, for its runs: ports are reserved in the common one.
        env={**os.environ, "CROWD_SECONDS": "2", **({"TMPDIR": str(temporary)} if temporary else {})},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_lying_frame_ruins_the_note_of_a_server_that_believes_it(hand_made: Path, tmp_path: Path) -> None:
    ended = reader("attack", "lying-frame", hand_made)
    said = ended.stdout
    assert ended.returncode == 1, said + ended.stderr
    assert said.count("✗ Nobody can open the note any more: ") == said.count("✗ Nor after a restart: ") == 3, said
    assert "Cannot merge updates" in said
    assert "The whole server has died." in said
    assert said.endswith("The attack succeeded.\n")


def test_a_lying_frame_gets_its_sender_closed_by_the_engine(app: Path, tmp_path: Path) -> None:
    ended = reader("attack", "lying-frame", app)
    said = ended.stdout
    assert ended.returncode == 0, said + ended.stderr
    assert said.count("Mallory's connection was closed with 4400 (malformed frame).") == 3, said
    assert said.count("Grace still reads what Ada writes.") == said.count("A newcomer can still open the note.") == 3
    assert said.endswith("The server held.\n")


def test_a_deaf_client_fills_the_memory_of_a_server_that_never_lets_go(hand_made: Path, tmp_path: Path) -> None:
    ended = reader("attack", "deaf-client", hand_made)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Dan's connection stays open." in ended.stdout
    assert "✗ The server's memory grew by " in ended.stdout


def test_a_deaf_client_is_cut_off_by_the_engine(app: Path, tmp_path: Path) -> None:
    ended = reader("attack", "deaf-client", app)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Dan's connection stays open." not in ended.stdout
    assert "  The server's memory grew by " in ended.stdout


def test_a_crowd_is_measured_and_compared_with_the_last_one_of_this_project(
    hand_made: Path, app: Path, tmp_path: Path
) -> None:
    project = tmp_path / "my-notes"
    ended = []
    for version in (hand_made, app):
        shutil.rmtree(project, ignore_errors=True)
        version.rename(project)
        ended.append(reader("crowd", project, temporary=tmp_path))
        assert ended[-1].returncode == 0, ended[-1].stderr
    assert "4,900 deliveries a second" in ended[0].stdout
    [[row], rows] = [one.stdout.split("server CPU\n")[1].split("\n\n")[0].splitlines() for one in ended]
    assert rows[0] == row
    assert len(rows) == 2
    assert float(rows[1].split()[-2]) > 0  # seconds that the server worked


def test_there_is_nothing_to_attack_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = reader("attack", "lying-frame", tmp_path / "empty")
    assert ended.returncode == 1
    assert "is empty" in ended.stderr


def test_the_runs_of_another_project_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for folder in ("mine", "another"):
        say_beside_earlier(tmp_path / folder, f"10:00 of {folder}")
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("10")] == [
        "10:00 of mine",
        "10:00 of another",
    ]
