"""The command that runs all in-process tests."""

from collections.abc import Sequence

import pytest

from tools import suites

ALL_GREEN, ONE_RED, INTERRUPTED, NOTHING_FOUND = 0, 1, 2, 5


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, codes: list[int]) -> list[list[str]]:
    """The arguments of each run of pytest, which ends with the next of the codes."""
    asked: list[list[str]] = []

    def run_pytest(arguments: Sequence[str]) -> int:
        asked.append([*arguments])
        return codes[len(asked) - 1]

    monkeypatch.setattr(suites, "run_pytest", run_pytest)
    return asked


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([ALL_GREEN, ALL_GREEN], ALL_GREEN),
        ([NOTHING_FOUND, ALL_GREEN], ALL_GREEN),
        ([ALL_GREEN, NOTHING_FOUND], ALL_GREEN),
        ([NOTHING_FOUND, NOTHING_FOUND], NOTHING_FOUND),
        ([NOTHING_FOUND, ONE_RED], ONE_RED),
        ([ONE_RED], ONE_RED),
        ([INTERRUPTED], INTERRUPTED),
    ],
)
def test_nothing_is_green_where_no_test_was_found(asked: list[list[str]], codes: list[int], code: int) -> None:
    assert suites.run_suites(["-k", "rooms"]) == code
    assert len(asked) == len(codes)


@pytest.mark.parametrize("codes", [[NOTHING_FOUND]])
def test_a_suite_that_is_empty_by_itself_is_an_error(asked: list[list[str]]) -> None:
    assert suites.run_suites(["-n", "3"]) == NOTHING_FOUND
    assert len(asked) == 1


@pytest.mark.parametrize("codes", [[ALL_GREEN]])
def test_a_suite_that_is_named_runs_alone(asked: list[list[str]]) -> None:
    assert suites.run_suites(["-q", "notes/tests/test_views.py"]) == ALL_GREEN
    assert asked == [["-q", "notes/tests/test_views.py"]]
