"""The tests that a reader has written, run with our browser against any server."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.support.databases import copy_of, migrated
from e2e.together.browser import IN_VAIN, READERS_PATIENCE
from tools import forked
from tools.app_server import REPOSITORY, AppServer
from tools.patience import patience
from tutorial.steps import write_project

CONFTEST = "from e2e.together.browser import browser_type_launch_args, readers_patience\n"
START_SECONDS = 60.0
MOST_WAITS = 20  # of these tests, one after the other
EVERYBODY = 3  # the chapter from which everybody hears what one writes, and a Redis is not needed yet
# It answers, saves what is written, and says so: only what tells the others is missing.
DEAF = """

async def tell_nobody(consumer: NoteConsumer, event: dict[str, Any]) -> None:
    pass


NoteConsumer.note_changed = tell_nobody
"""
# Two pages in one browser context hear each other all the same: such a test proves nothing about two people.
TABS = """
const tabs = new BroadcastChannel(location.pathname)
body.addEventListener("input", () => tabs.postMessage(body.value))
tabs.addEventListener("message", (event) => (body.value = event.data))
"""


def run_tests(project: Path, server: AppServer, place: Path, chosen: str, wanted: int) -> None:
    """Runs the reader's own browser tests. At least as many as wanted have to be there, and all have to pass."""
    outcomes = try_tests(project, server, place, chosen, patience.claim_seconds)
    found = len({name for name, _ in outcomes})
    assert found >= wanted, f"In e2e/together {wanted} such tests are needed, and there is {found}."
    for name, failure in outcomes:
        assert not failure, f"Your test {name} fails: {failure.removeprefix('AssertionError: ')}"


def run_tests_in_vain(project: Path, place: Path, chosen: str) -> None:
    """Runs them against a server that delivers nothing from one person to another. There they have to fail."""
    with deaf_server(place) as server:
        outcomes = try_tests(project, server, place, chosen)
    for name, failure in outcomes:
        assert failure, (
            f"Your test {name} passes even on a server that delivers nothing from one person to another. "
            "Does it open a page for each person with new_context(), and read the other person's page?"
        )


@contextmanager
def deaf_server(place: Path) -> Iterator[AppServer]:
    project = place / "deaf"
    write_project(EVERYBODY, project)
    for path, addition in (("notes/consumers.py", DEAF), ("notes/static/notes/js/note.js", TABS)):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write(addition)
    with AppServer(copy_of(migrated(project, place), place), project=project) as server:
        yield server


def try_tests(
    project: Path, server: AppServer, place: Path, chosen: str, seconds: float | None = None
) -> list[tuple[str, str]]:
    """Runs the reader's tests with our browser. Returns the name of each, as often as it has parameters, and how it
    failed; nothing if it passed. Each wait in them gives up after these seconds; without any, soon, since what it
    waits for does not come."""
    for file in (project / "e2e" / "together").glob("test_*.py"):
        shutil.copy(file, place)
    (place / "conftest.py").write_text(CONFTEST)
    (place / "pytest.ini").write_text("[pytest]\n")  # so that no name of a folder further up counts for -k
    results = place / "results.json"
    options = ["--base-url", server.url, "-k", chosen, "-p", "tutorial.results", "--results", str(results)]
    without = ["-p", "no:django", "-p", "no:asyncio", "-p", "no:cacheprovider"]
    waits = {IN_VAIN: "1"} if seconds is None else {READERS_PATIENCE: str(seconds)}
    try:
        _, said = forked.output_of(
            [*forked.PYTEST, *options, *without],
            place,
            {**os.environ, "PYTHONPATH": str(REPOSITORY), **waits},
            START_SECONDS + MOST_WAITS * (seconds or patience.short_seconds),
        )
    except subprocess.TimeoutExpired:
        pytest.fail("The tests in e2e/together do not end. Does each loop that waits give up after a while?")
    read = json.loads(results.read_text())
    outcomes = [(result["name"].partition("[")[0], result["message"]) for result in read]
    lines = said.splitlines()
    complaints = [line.lstrip("E ") for line in lines if line.startswith("E  ")] or lines[-1:]
    assert outcomes, f"None of these tests is in e2e/together, or they cannot be run: {complaints[0].strip(' =')}"
    return outcomes
