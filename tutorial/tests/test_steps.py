"""What the steps are: each file where it belongs, and none of them the app's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutorial.freeze import freeze_step
from tutorial.pictures import check_pictures
from tutorial.steps import STEPS, changes, load_step, load_steps, project, write_project

CHAPTERS = range(1, 11)


def test_there_are_ten_chapters_and_each_has_its_page() -> None:
    assert [step.number for step in load_steps()] == list(CHAPTERS)
    for step in load_steps():
        assert step.page.read_text(encoding="utf-8").startswith(f"# {step.number}. ")


def test_the_chapters_are_frozen() -> None:
    """The app may change without them."""
    assert all(source.is_relative_to(STEPS) for source in project(CHAPTERS[-1]).values())


def test_freezing_copies_what_a_chapter_takes_from_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "03-frozen"
    folder.mkdir()
    (folder / "step.toml").write_text('final = ["manage.py", "notes/apps.py"]\nremoved = ["notes/old.py"]\n')
    monkeypatch.setattr("tutorial.steps.STEPS", tmp_path)
    before = load_step(3, folder).files
    assert freeze_step(load_step(3, folder)) == [folder / path for path in before]
    after = load_step(3, folder)
    assert {path: source.read_bytes() for path, source in after.files.items()} == {
        path: source.read_bytes() for path, source in before.items()
    }
    assert (after.final, after.removed) == ((), ("notes/old.py",))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_changes_what_its_step_holds_and_nothing_else(chapter: int) -> None:
    step = load_steps()[chapter - 1]
    assert {change.path for change in changes(chapter)} == step.files.keys() | set(step.removed)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_files_can_be_typed(chapter: int) -> None:
    """They end with one line break, have no tabs and no spaces at the ends of lines."""
    for path, source in load_steps()[chapter - 1].files.items():
        text = source.read_bytes().decode()
        if text:
            assert text.endswith("\n"), path
            assert not text.endswith("\n\n"), path
        assert not any(line != line.rstrip() or "\t" in line for line in text.split("\n")), path
        assert source.stat().st_mode & 0o777 == 0o644, path


def test_no_picture_is_missing_or_stale() -> None:
    check_pictures()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_project_keeps_its_database_in_its_folder_whatever_that_is_called(tmp_path: Path, chapter: int) -> None:
    folder = tmp_path / "c++ #1, a%20b, why?"
    write_project(chapter, folder)
    show = "from django.conf import settings; print(settings.DATABASES['default']['NAME'])"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", show]
    found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(folder / "db.sqlite3")
