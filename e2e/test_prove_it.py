"""The tests that a reader has written find what they are to find."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.support.patience import patience
from e2e.together.browser import READERS_PATIENCE
from tools.app_server import REPOSITORY, AppServer

CONFTEST = "from e2e.together.browser import browser_type_launch_args, readers_patience\n"
MINUTES = 30


def run_tests(project: Path, server: AppServer, place: Path, chosen: str, wanted: int) -> None:
    """Runs the reader's own browser tests, with our browser, against a server of ours. As many as wanted have to be
    there, and pass."""
    for file in (project / "e2e" / "together").glob("test_*.py"):
        shutil.copy(file, place)
    (place / "conftest.py").write_text(CONFTEST)
    (place / "pytest.ini").write_text("[pytest]\n")  # so that no name of a folder further up counts for -k
    without = ["-p", "no:django", "-p", "no:asyncio", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--base-url", server.url, "-k", chosen, *without],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), READERS_PATIENCE: str(patience.claim_seconds)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60 * MINUTES,
    )
    errors = [line.lstrip("E ") for line in result.stdout.splitlines() if line.startswith("E  ")]
    errors += [result.stderr or result.stdout.splitlines()[-1]] if f" {wanted} passed" not in result.stdout else []
    assert not errors, f"Of the tests in e2e/together, not all passed: {errors[0]}"


@pytest.mark.chapter(5)
def test_two_tests_of_the_readers_pass(server: AppServer, project: Path, tmp_path: Path) -> None:
    run_tests(project, server, tmp_path, "not at_once and not late", wanted=2)


@pytest.mark.chapter(6)
def test_the_readers_test_of_writing_at_once_passes(server: AppServer, project: Path, tmp_path: Path) -> None:
    run_tests(project, server, tmp_path, "at_once", wanted=1)
