"""Runs the in-process tests. Each suite has settings of its own, so each needs a pytest of its own."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

SUITES = ("channels_yjs/tests", "notes/tests")
NOTHING = pytest.ExitCode.NO_TESTS_COLLECTED


def run_suites(arguments: Sequence[str]) -> int:
    """pytest's exit code. What -k selects may all be in one suite; if it is in none, that is an error."""
    is_chosen = any(argument.startswith(SUITES) for argument in arguments)
    found: int = NOTHING
    for suite in [[]] if is_chosen else [[suite] for suite in SUITES]:
        code = subprocess.call([sys.executable, "-m", "pytest", *suite, *arguments])
        if code not in (0, NOTHING):
            return code
        found = min(found, code)
    return found


if __name__ == "__main__":
    sys.exit(run_suites(sys.argv[1:]))
