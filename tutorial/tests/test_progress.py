"""How far a project is, and what the pages advise."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tutorial.hints import find_hints, hints_of, in_terminal
from tutorial.progress import find_progress
from tutorial.steps import CHAPTERS, project, write_project
from tutorial.take import take


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_project_of_a_chapter_is_at_that_chapter(project_of: Callable[[int], Path], chapter: int) -> None:
    assert find_progress(project_of(chapter)).chapter == chapter


def test_a_chapter_that_is_half_typed_is_begun(tmp_path: Path) -> None:
    write_project(2, tmp_path)
    for path in ("notes/static/notes/js/note.js", "realtime_notes/settings.py"):
        (tmp_path / path).write_bytes(project(3)[path].read_bytes())
    progress = find_progress(tmp_path)
    assert progress.chapter == 2
    assert 0.2 < progress.begun < 0.5


def test_what_is_handed_over_is_no_progress(tmp_path: Path) -> None:
    write_project(11, tmp_path)
    take(12, tmp_path)
    assert find_progress(tmp_path).chapter == 11


def test_other_names_and_comments_are_no_matter(tmp_path: Path) -> None:
    write_project(3, tmp_path)
    consumers = tmp_path / "notes" / "consumers.py"
    text = consumers.read_text().replace("written", "data").replace("fields", "values")
    consumers.write_text(f"# My own words.\n{text}")
    assert find_progress(tmp_path).chapter == 3


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_has_hints(chapter: int) -> None:
    assert len(hints_of(chapter)) >= 4
    assert all(hint.advice.endswith((".", "`", "?")) for hint in hints_of(chapter))


def test_a_hint_has_no_marks_of_the_page_in_a_terminal() -> None:
    seen = "*Saving…* in **both**, with `*args` and [words](../words.md#some)"
    assert in_terminal(seen) == "“Saving…” in both, with *args and words"
    for chapter in CHAPTERS:
        for hint in hints_of(chapter):
            assert not {"`", "*"} & set(in_terminal(hint.advice)), hint.advice


def test_a_hint_is_found_by_what_the_server_printed() -> None:
    printed = "Traceback\nValueError: No route found for path 'ws/notes/1'.\n"
    [hint] = find_hints(printed, up_to=3)
    assert hint.step.number == 2
    assert "routing.py" in hint.advice
