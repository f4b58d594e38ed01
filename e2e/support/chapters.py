"""A plugin for pytest: which tests are run on the project of a chapter, and which of them have to fail there."""

import re
from pathlib import Path

import pytest

from tutorial.steps import CHAPTERS, SHIPPED

MARK = re.compile(r"\b(chapter|exercise)\((\d+)\)")
NOT_RED = {"early", "app"}  # marks of tests that need not fail on the project before


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chapter", type=int, help="only the tests that pass from this chapter of the tutorial on")
    parser.addoption("--new", action="store_true", help="only those that pass since that chapter")
    parser.addoption(
        "--both-ways", action="store_true", help="and the next chapter's and the exercise, which have to fail"
    )
    parser.addoption("--without-redis", action="store_true", help="leave out what needs a Redis")
    parser.addoption("--exercise", type=int, help="only the test of that chapter's exercise")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out the files whose marks are all of other chapters: most of the time until a test runs is importing."""
    if not collection_path.match("test_*.py"):
        return None
    marks = {(kind, int(number)) for kind, number in MARK.findall(collection_path.read_text(encoding="utf-8"))}
    return True if marks and not marks & asked_for(config) else None


def asked_for(config: pytest.Config) -> set[tuple[str, int]]:
    """The marks of tests that may be chosen."""
    limit, exercise = limits(config)
    if exercise:
        return {("exercise", exercise)}
    first = limit if config.getoption("--new") else CHAPTERS[0]
    chapters = {("chapter", chapter) for chapter in range(first, limit + 1)}
    return chapters | ({("chapter", limit + 1), ("exercise", limit)} if config.getoption("--both-ways") else set())


def limits(config: pytest.Config) -> tuple[int, int | None]:
    return config.getoption("--chapter") or SHIPPED, config.getoption("--exercise")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limit, exercise = limits(config)
    green, red = [], []
    for item in items:
        if asked := item.get_closest_marker("exercise"):
            item.user_properties.append(("chapter", asked.args[0]))
            green += [item] if asked.args[0] == exercise else []
            red += [item] if asked.args[0] == limit else []
            continue
        chapter = chapter_of(item)
        if chapter not in CHAPTERS:
            raise pytest.UsageError(f"{item.nodeid} needs a mark: @pytest.mark.chapter(1 to {CHAPTERS[-1]})")
        item.user_properties.append(("chapter", chapter))
        if not exercise and (chapter == limit or (chapter < limit and not config.getoption("--new"))):
            green.append(item)
        elif chapter == limit + 1 and not NOT_RED & {mark.name for mark in item.iter_markers()}:
            red.append(item)
    if not config.getoption("--both-ways"):
        red = []
    chosen = sorted(green, key=chapter_of) + red  # what a reader built first is what the rest stands on
    if config.getoption("--without-redis"):
        chosen = [item for item in chosen if "redis" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen
    for item in red:
        item.add_marker(pytest.mark.xfail(strict=True))


def chapter_of(item: pytest.Item) -> int:
    mark = item.get_closest_marker("chapter")
    return int(mark.args[0]) if mark else 0
