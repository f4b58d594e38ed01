"""The names of the browser tests as sentences, and the order in which a reader should hear of them: the newest
chapter first, and of each chapter first the test that its page shows, which is the simplest.

Also a plugin for pytest, which runs them in this order. The parameters of one test count as one: the first that fails
speaks for the others, which are left out.
"""

import functools
import re
from pathlib import Path
from typing import Any

import pytest

from tutorial.steps import load_steps, read

SHOWN = re.compile(r'--8<-- "e2e/\w+\.py/(test_\w+)\.md"')
TEST = re.compile(r"\bdef (test_\w+)")
MOST_FAILURES = 3  # a reader with three things to fix needs no fourth
ENOUGH = "Enough tests have failed."

_failed: set[str] = set()


def function_of(name: str) -> str:
    """`test_notes_do_not_mix[chromium]` without its parameters."""
    return name.partition("[")[0]


def claim_of(name: str) -> str:
    """`test_notes_do_not_mix[chromium]` as a sentence."""
    words = function_of(name).removeprefix("test_").replace("_", " ")
    return f"{words[0].upper()}{words[1:]}"


def has_words(name: str, words: str) -> bool:
    """Whether a test has these words in its claim, however they are written."""
    return as_name(words) in function_of(name)


def as_name(words: str) -> str:
    return re.sub(r"\W+", "_", words.lower().replace("'", "")).strip("_")


def rank(name: str, chapter: int) -> tuple[int, int]:
    shown = shown_in(chapter)
    return -chapter, shown.index(function_of(name)) if function_of(name) in shown else len(shown)


@functools.cache
def shown_in(chapter: int) -> list[str]:
    return SHOWN.findall(read(load_steps()[chapter - 1].page))


# The plugin


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--words", default="", help="only the tests with these words in their claim")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out the files that have no test with the words, since importing them takes a while."""
    words = config.getoption("--words")
    if not words or not collection_path.match("test_*.py"):
        return None
    names = TEST.findall(collection_path.read_text(encoding="utf-8"))
    return None if any(has_words(name, words) for name in names) else True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = [item for item in items if has_words(item.name, config.getoption("--words"))]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = sorted(chosen, key=lambda item: rank(item.name, chapter_of(item)))


def chapter_of(item: pytest.Item) -> int:
    properties: dict[str, Any] = dict(item.user_properties)
    return int(properties["chapter"])


def pytest_runtest_setup(item: pytest.Item) -> None:
    if len(_failed) >= MOST_FAILURES:
        item.session.shouldstop = ENOUGH
        pytest.skip(ENOUGH)
    if function_of(item.nodeid) in _failed:
        pytest.skip("Another of its parameters has failed.")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _failed.add(function_of(report.nodeid))
