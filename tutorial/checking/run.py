"""Runs the chosen browser tests of the kit on the copy of a reader's project."""

import json
import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools import forked
from tools.app_server import AppServer
from tutorial.steps import REPOSITORY, TutorialError

from .claims import claim_of

# The tests in e2e/together are those that a reader writes, and the reader's own ones are run.
LEFT_OUT = [f"--ignore=e2e/{name}" for name in ("faults", "examples", "together", "test_tutorial_pictures.py")]
MIGRATED, PASSED = "migrated.sqlite3", "passed"
LOOK_AGAIN_SECONDS = 0.5
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


def run_tests(server: AppServer, place: Path, chapter: int, tests: Choice) -> list[Result]:
    """Has them use the server, which runs already, and for others of their own copies of the migrated database."""
    report = place / "results.json"
    command = [*forked.PYTEST, "e2e", "-q", "-m", "not app", *LEFT_OUT, *PLUGINS]
    options = ["--results", str(report), "--hurried", "--chapter", str(chapter)]
    options += ["--project", str(server.project), "--migrated", str(place / MIGRATED)]
    options += ["--server", str(server.port), server.settings["DATABASE_URL"], str(server.log_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with (place / "printed").open("w+") as printed:
        running = forked.launch(
            [*command, *options, "--passed", str(place / PASSED), *tests.options(chapter)],
            REPOSITORY,
            {forked.SOCKET: "", **environment},  # for a reader, nothing is started by fork
            printed.fileno(),
            printed.fileno(),
        )
        try:
            code = show_passed(running, place / PASSED) if tests.is_whole else running.wait()
        finally:
            running.terminate()
            running.wait()
        printed.seek(0)
        said = printed.read()
    results = [Result(**fields) for fields in json.loads(report.read_text())] if report.exists() else []
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise TutorialError(f"There are no browser tests {tests.scope(chapter)}.")
    if code and all(result.passed for result in results):
        raise TutorialError(f"The tests could not be run:\n{said[-4000:]}")
    return results


def show_passed(running: subprocess.Popen[bytes] | forked.Forked, passed: Path) -> int:
    """Prints the claim of each test that passes, since they may take minutes. Returns pytest's exit code."""
    shown: set[str] = set()
    code = None
    while code is None:
        with suppress(subprocess.TimeoutExpired):
            code = running.wait(LOOK_AGAIN_SECONDS)
        for name in passed.read_text().splitlines() if passed.exists() else []:
            if (claim := claim_of(name)) not in shown:
                shown.add(claim)
                print(f"  ✓ {claim}", flush=True)
    return code
