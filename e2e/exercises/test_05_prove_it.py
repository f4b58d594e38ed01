"""The exercise of the tutorial's fifth chapter."""

from pathlib import Path

import pytest

from e2e.support.readers_tests import run_tests, run_tests_in_vain
from tools.app_server import AppServer

pytestmark = pytest.mark.exercise(5)


def test_there_is_a_test_of_a_late_joiner_and_it_passes(server: AppServer, project: Path, tmp_path: Path) -> None:
    run_tests(project, server, tmp_path, "late_joiner", wanted=1)


def test_the_test_of_a_late_joiner_fails_where_nothing_is_delivered(project: Path, tmp_path: Path) -> None:
    run_tests_in_vain(project, tmp_path, "late_joiner")
