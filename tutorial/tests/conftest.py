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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that in the end nobody waits for it, and what takes long on the workers
    beside; and then what keeps the processor busy, evenly mixed with what mostly waits. Each worker gets its part of
    that, in a row, and later takes from the end of another's part. So what waits behind the longest is short."""
    places: dict[pytest.Item, float] = {}
    for words in (BUSY, WAITING):
        found = [item for item in items if any(word in item.nodeid for word in words)]
        places |= {item: number / len(found) for number, item in enumerate(found)}
    longest = [item for item in items if LONGEST in item.nodeid]
    long = [item for item in items if any(word in item.nodeid for word in LONG)]
    others = sorted(set(items) - {*longest, *long}, key=lambda item: (places.get(item, 1), items.index(item)))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    order = [*longest]
    while len(order) < len(items):
        is_beside = len(order) % workers >= len(longest)
        order.append((long if long and (is_beside or not others) else others).pop(0))
    parts = [order[number::workers] for number in reversed(range(workers))]
    items[:] = [item for part in parts for item in short_after_longest(part)]


def short_after_longest(part: list[pytest.Item]) -> list[pytest.Item]:
    begins_with_longest = any(LONGEST in item.nodeid for item in part[:1])
    return [*part[:1], *reversed(part[1:])] if begins_with_longest else part


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
