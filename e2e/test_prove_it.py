"""The tests that a reader has written find what they are to find: they pass on the reader's project, and fail on one
that delivers nothing from one person to another."""

from pathlib import Path

import pytest

from e2e.support.readers_tests import run_tests, run_tests_in_vain
from tools.app_server import AppServer


@pytest.mark.chapter(5)
def test_two_tests_of_the_readers_pass(server: AppServer, project: Path, tmp_path: Path) -> None:
    run_tests(project, server, tmp_path, "not at_once and not late", wanted=2)


@pytest.mark.chapter(5)
def test_the_tests_of_the_readers_fail_where_nothing_is_delivered(project: Path, tmp_path: Path) -> None:
    run_tests_in_vain(project, tmp_path, "not at_once and not late")


@pytest.mark.chapter(6)
def test_the_readers_test_of_writing_at_once_passes(server: AppServer, project: Path, tmp_path: Path) -> None:
    run_tests(project, server, tmp_path, "at_once", wanted=1)
