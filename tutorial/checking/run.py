"""Runs the chosen browser tests of the kit on the copy of a reader's project."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tutorial.steps import REPOSITORY, TutorialError

from .claims import claim_of

LEFT_OUT = ["--ignore", "e2e/faults", "--ignore", "e2e/examples", "--ignore", "e2e/test_tutorial_pictures.py"]
PLUGINS = ["-p", "tutorial.results", "-p", "tutorial.checking.claims", "-p", "no:cacheprovider"]


@dataclass(frozen=True)
class Result:
    """How a test ended: what it says, what its browsers' consoles show, and what its servers printed meanwhile."""

    name: str
    chapter: int
    passed: bool
    message: str = ""
    console: str = ""
    log: str = ""

    @property
    def claim(self) -> str:
        return claim_of(self.name)


@dataclass(frozen=True)
class Choice:
    """Which of the browser tests up to a chapter are run."""

    only_new: bool = False
    with_redis: bool = True
    words: str = ""  # in the claims of the chosen tests
    exercise: bool = False  # that of the chapter, and nothing else

    @property
    def is_whole(self) -> bool:
        return not (self.only_new or self.words or self.exercise)

    def scope(self, chapter: int) -> str:
        if self.exercise:
            return f"for the exercise of chapter {chapter}"
        words = f" with the words “{self.words}” in their claim" if self.words else ""
        return f"{'new in' if self.only_new else 'up to'} chapter {chapter}{words}"

    def options(self, chapter: int) -> list[str]:
        """Arguments for pytest. For a few tests, starting a second worker costs more than it saves."""
        chosen = ["--new"] if self.only_new else []
        chosen += ["--exercise", str(chapter)] if self.exercise else []
        chosen += ["--words", self.words] if self.words else []
        chosen += [] if self.with_redis else ["--without-redis"]
        return [*chosen, "-n", "2" if self.is_whole else "0"]


EVERYTHING = Choice()


def run_tests(copy: Path, place: Path, chapter: int, tests: Choice) -> list[Result]:
    report = place / "results.json"
    command = [sys.executable, "-m", "pytest", "e2e", "-q", "-m", "not app", *LEFT_OUT, *PLUGINS]
    options = ["--results", str(report), "--hurried", "--chapter", str(chapter), "--project", str(copy)]
    ended = subprocess.run(
        [*command, *options, *tests.options(chapter)],
        cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    results = [Result(**fields) for fields in json.loads(report.read_text())] if report.exists() else []
    if ended.returncode == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise TutorialError(f"There are no browser tests {tests.scope(chapter)}.")
    if ended.returncode and all(result.passed for result in results):
        raise TutorialError(f"The tests could not be run:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return results
