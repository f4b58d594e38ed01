"""What is said to somebody who takes the project of a chapter. The robot types it: test_typed_along.py."""

from itertools import pairwise
from pathlib import Path

import pytest

from tutorial.__main__ import write_chapter
from tutorial.beginning import beginning_after
from tutorial.steps import load_steps


@pytest.mark.parametrize(("chapter", "needs_the_package"), [(1, False), (5, False), (6, True), (12, True)])
def test_who_takes_a_chapter_is_told_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], chapter: int, needs_the_package: bool
) -> None:
    write_chapter(chapter, tmp_path / "mine")
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert ("nox -s package" in said) == needs_the_package
    assert said.index("python3 -m venv .venv") < said.index(". .venv/bin/activate")
    assert said.index(". .venv/bin/activate") < said.index('pip install "django>=5.2,<7" django-environ')
    assert said[-2] == "python manage.py migrate"
    commands = [line for line in said if line]
    assert len(set(commands)) == len(commands)


def test_each_chapter_goes_on_from_what_the_one_before_has_installed() -> None:
    begun = [beginning_after(step.number).in_the_project for step in load_steps()]
    for before, after in pairwise(begun):
        assert after[: len(before) - 1] == before[:-1]  # the last one migrates
