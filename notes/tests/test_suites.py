"""The command that runs all in-process tests."""

import subprocess
from collections.abc import Sequence

import pytest

from tools.suites import run_suites

ALL_GREEN, ONE_RED, INTERRUPTED, NOTHING_FOUND = 0, 1, 2, 5


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
def test_nothing_is_green_where_no_test_was_found(
    monkeypatch: pytest.MonkeyPatch, codes: list[int], code: int
) -> None:
    monkeypatch.setattr(subprocess, "call", lambda _: codes.pop(0))
    assert run_suites(["-k", "rooms"]) == code
    assert codes == []


def test_a_suite_that_is_named_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []

    def call(command: Sequence[str]) -> int:
        asked.append(command[3:])
        return ALL_GREEN

    monkeypatch.setattr(subprocess, "call", call)
    assert run_suites(["-q", "notes/tests/test_views.py"]) == ALL_GREEN
    assert asked == [["-q", "notes/tests/test_views.py"]]
