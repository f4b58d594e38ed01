"""Runs the in-process tests. Each suite has settings of its own, so each needs a pytest of its own."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

SUITES = ("channels_yjs/tests", "notes/tests")
NOTHING = pytest.ExitCode.NO_TESTS_COLLECTED


def run_suites(arguments: Sequence[str]) -> int:
    """pytest's exit code. What -k or -m selects may all be in one suite; if it is in none, that is an error."""
    if any(argument.startswith(SUITES) for argument in arguments):
        return run_pytest(arguments)
    is_selection = bool({"-k", "-m"} & {argument[:2] for argument in arguments})
    codes: list[int] = [NOTHING]
    for suite in SUITES:
        codes.append(run_pytest([suite, *arguments]))
        if codes[-1] and not (is_selection and codes[-1] == NOTHING):
            return codes[-1]
    return min(codes)


def run_pytest(arguments: Sequence[str]) -> int:
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments])
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # pytest has heard it, too, and has things to tidy up
            continue


if __name__ == "__main__":
    sys.exit(run_suites(sys.argv[1:]))
