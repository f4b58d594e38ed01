"""The reader's own tests are heard one by one."""

from pathlib import Path

import pytest

from e2e.support.readers_tests import run_tests
from tools.app_server import AppServer

TESTS = """
import pytest

@pytest.mark.parametrize("text", ["first", "second"])
def test_two(text):
    assert text == "second"
"""


def test_one_parameter_that_fails_is_a_test_that_fails(tmp_path: Path) -> None:
    tests = tmp_path / "project" / "e2e" / "together"
    tests.mkdir(parents=True)
    (tests / "test_together.py").write_text(TESTS)
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(AssertionError, match="Your test test_two fails"):
        run_tests(tmp_path / "project", AppServer(), place, "two", wanted=1)
