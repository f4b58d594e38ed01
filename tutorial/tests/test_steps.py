"""What the steps are: each file where it belongs, and the last project the shipped app."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutorial.pictures import check_pictures
from tutorial.steps import REPOSITORY, STEPS, changes, load_steps, project, shipped_app, write_project

CHAPTERS = range(1, 11)


def test_there_are_ten_chapters_and_each_has_its_page() -> None:
    assert [step.number for step in load_steps()] == list(CHAPTERS)
    for step in load_steps():
        assert step.page.read_text(encoding="utf-8").startswith(f"# {step.number}. ")


def test_the_last_project_is_the_shipped_app() -> None:
    """By path, content and mode: each file is the repository's own, and there is no other."""
    assert project(CHAPTERS[-1]) == shipped_app()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_changes_what_its_step_holds_and_nothing_else(chapter: int) -> None:
    step = load_steps()[chapter - 1]
    assert {change.path for change in changes(chapter)} == step.files.keys() | set(step.removed)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_file_in_its_final_form_is_not_copied(chapter: int) -> None:
    for path, source in load_steps()[chapter - 1].files.items():
        final = REPOSITORY / path
        if source.is_relative_to(STEPS) and final.exists():
            assert source.read_bytes() != final.read_bytes(), f"{path} is final: name it in step.toml"


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
