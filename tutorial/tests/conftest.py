"""What the tests of the tutorial share: the built site, and the project of each chapter."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import forked
from tutorial.site import build_site
from tutorial.steps import write_project

BUILD_MINUTES = 15  # more than any machine needs; the worker that builds says so, too, if it fails
LOOK_AGAIN_SECONDS = 0.1
LONGEST = "gets_the_projects"
GIVE_WAY = 5  # a third of the time that the longest gets
LONG = [  # they take half a minute each, and mostly wait
    "deaf_client_fills",
    "giving up without a word",
    "a template in the wrong place",
    "the number from",
    "no goodbye",
    "newcomers are told",
    "no policy is",
]
BUSY = ["what_comes_next_fails", "still_pass", "test_each_page", "test_attacks"]
WAITING = ["test_check.py", "test_leaks"]


def pytest_configure(config: pytest.Config) -> None:
    config.add_cleanup(forked.provide())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Nobody waits for what takes longest, if all others let it go first."""
    if LONGEST not in item.nodeid and hasattr(os, "nice") and not os.nice(0):
        os.nice(GIVE_WAY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that in the end nobody waits for it; then what keeps the processor busy,
    evenly mixed with what mostly waits; and what is short comes last. Each worker has one test waiting behind the one
    that it runs, so behind the longest wait the shortest ones."""
    places: dict[pytest.Item, float] = {}
    for words, end in ((BUSY, 0.8), (WAITING, 1)):
        found = [item for item in items if any(word in item.nodeid for word in words)]
        places |= {item: end * number / len(found) for number, item in enumerate(found)}
    places |= {item: -1 for item in items if any(word in item.nodeid for word in LONG)}
    longest = [item for item in items if LONGEST in item.nodeid]
    others = sorted(set(items) - set(longest), key=lambda item: (places.get(item, 1), items.index(item)))
    for item in longest:
        others = [item, *others[-1:], *others[:-1]]
    items[:] = others


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Built once, by the worker that asks first: what it is built from is written into docs/, where two builds at a
    time are in each other's way."""
    if worker_id == "master":
        return build_site(tmp_path_factory.mktemp("site"))
    site = tmp_path_factory.getbasetemp().parent / "site"
    built = site.with_name("site-built")
    try:
        site.mkdir()
    except FileExistsError:
        wait_for(built)
        return site / "tutorial"
    try:
        return build_site(site)
    finally:
        built.touch()


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60 * BUILD_MINUTES
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} has not been made within {BUILD_MINUTES} minutes"
        time.sleep(LOOK_AGAIN_SECONDS)


@pytest.fixture(scope="session")
def project_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The project after a chapter, in a folder."""
    made: dict[int, Path] = {}

    def project_of(chapter: int) -> Path:
        if chapter not in made:
            made[chapter] = tmp_path_factory.mktemp(f"project-{chapter}-")
            write_project(chapter, made[chapter])
        return made[chapter]

    return project_of
