"""Attacks and a crowd on a project whose server is made by hand, and on the app, which has the engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tutorial.steps import REPOSITORY, write_project

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


def reader(*arguments: str | Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tutorial", *map(str, arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_lying_frame_ruins_the_note_of_a_server_that_believes_it(hand_made: Path, tmp_path: Path) -> None:
    ended = reader("attack", "lying-frame", hand_made, temporary=tmp_path)
    said = ended.stdout
    assert ended.returncode == 1, said + ended.stderr
    assert said.count("✗ Nobody can open the note any more: ") == said.count("✗ Nor after a restart: ") == 3, said
    assert "Cannot merge updates" in said
    assert "The whole server has died." in said
    assert said.endswith("The attack succeeded.\n")


def test_a_lying_frame_gets_its_sender_closed_by_the_engine(app: Path, tmp_path: Path) -> None:
    ended = reader("attack", "lying-frame", app, temporary=tmp_path)
    said = ended.stdout
    assert ended.returncode == 0, said + ended.stderr
    assert said.count("Mallory's connection was closed with 4400 (malformed frame).") == 3, said
    assert said.count("Grace still reads what Ada writes.") == said.count("A newcomer can still open the note.") == 3
    assert said.endswith("The server held.\n")


def test_a_deaf_client_fills_the_memory_of_a_server_that_never_lets_go(hand_made: Path, tmp_path: Path) -> None:
    ended = reader("attack", "deaf-client", hand_made, temporary=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Dan's connection stays open." in ended.stdout
    assert "✗ The server's memory grew by " in ended.stdout


def test_a_deaf_client_is_cut_off_by_the_engine(app: Path, tmp_path: Path) -> None:
    ended = reader("attack", "deaf-client", app, temporary=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Dan's connection stays open." not in ended.stdout
    assert "  The server's memory grew by " in ended.stdout


def test_a_crowd_is_measured_and_compared_with_the_last_one(hand_made: Path, app: Path, tmp_path: Path) -> None:
    first, second = (reader("crowd", folder, temporary=tmp_path) for folder in (hand_made, app))
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "4,900 deliveries a second" in first.stdout
    [row] = [line for line in first.stdout.splitlines() if " by-hand " in line]
    rows = second.stdout.split("server CPU\n")[1].splitlines()
    assert rows[0] == row
    assert " the-app " in rows[1]
    assert float(rows[1].split()[-2]) > 0  # seconds that the server worked


def test_there_is_nothing_to_attack_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = reader("attack", "lying-frame", tmp_path / "empty", temporary=tmp_path)
    assert ended.returncode == 1
    assert "is empty" in ended.stderr
