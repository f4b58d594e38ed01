"""A plugin for pytest that writes down how each test ended, for whoever reports it in other words; and, for whoever
waits meanwhile, the name of each that has passed."""

import json
from pathlib import Path
from typing import Any

import pytest

ACTUAL = "Actual value: "

_results: dict[str, dict[str, Any]] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--results", type=Path, help="the file to write the results to, as JSON")
    parser.addoption("--passed", type=Path, help="the file to write the names to, one a line, as tests pass")


def pytest_configure(config: pytest.Config) -> None:
    passed: Path | None = config.getoption("--passed")
    if passed and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Passed(passed))


class Passed:
    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            with self._path.open("a") as file:
                print(report.nodeid.split("::")[-1], file=file)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    properties = dict(report.user_properties)
    if report.when == "call" or report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        message = str(getattr(crash, "message", report.longrepr or ""))
        known = _results.get(report.nodeid)
        if known and not known["passed"]:
            return  # what fails when it is put away has failed before
        _results[report.nodeid] = {
            "name": report.nodeid.split("::")[-1],
            "chapter": int(str(properties.get("chapter", 1))),
            "passed": report.passed,
            "message": gist_of(message),
            "console": "\n".join(text for title, text in report.sections if title.startswith("consoles of")),
            "log": "\n".join(text for title, text in report.sections if title.startswith("log of")),
        }


def gist_of(message: str) -> str:
    """The first line, and on the next what Playwright found instead, if it says so."""
    first, _, rest = message.partition("\n")
    return "\n".join([first, *(line for line in rest.splitlines() if line.startswith(ACTUAL))])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        path: Path = session.config.getoption("--results")
        path.write_text(json.dumps(list(_results.values())))
