"""The first gate: a robot reads the pages, one after the other, in an empty folder, and does what they say."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.chromium import launch_options
from tools.redis import RedisServer
from tutorial.robot import Robot, differences, versions
from tutorial.steps import REPOSITORY, load_steps, project

# What is in the database goes on from chapter 5, through both changes of its form: chapters 7 and 10.
PARTS = [range(1, 5), range(5, 14)]
PLUGIN = """
import os
import sys

import pytest
from playwright.sync_api import expect

@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, **OPTIONS}

def pytest_collection_finish():
    # The reader's tests wait for five seconds. That is too short for a busy machine.
    seconds = float(os.environ["PATIENCE_SECONDS"])
    expect.set_options(timeout=seconds * 1000)
    for name, module in list(sys.modules.items()):
        if name.rpartition(".")[2] == "test_together":
            module.PATIENCE_SECONDS = seconds
"""


@pytest.fixture
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    """In one folder for its chapters, as a reader. What the pages have it install has the versions of our lock."""
    around = tmp_path_factory.mktemp("robot")
    (around / "bin").mkdir()
    (around / "bin" / "python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    (around / "constraints.txt").write_text(versions(REPOSITORY / "requirements-dev.txt"))
    (around / "the_kits_browser.py").write_text(browser_plugin())
    environment = {
        "PATH": os.pathsep.join([str(around / "bin"), os.environ["PATH"]]),
        "PIP_CONSTRAINT": str(around / "constraints.txt"),
        "PYTHONPATH": str(around),
        "PYTEST_PLUGINS": "the_kits_browser",
    }
    folder = around / "my-notes"
    folder.mkdir()
    (around / "realtime-notes").mkdir()
    (around / "realtime-notes" / "dist").symlink_to(REPOSITORY / "dist")  # nox -s package has made it
    with RedisServer() as redis, Robot(folder, environment, redis.port) as robot:
        yield robot


def browser_plugin() -> str:
    with sync_playwright() as playwright:
        return f"OPTIONS = {launch_options(playwright.chromium)!r}\n{PLUGIN}"


@pytest.mark.parametrize("part", PARTS, ids=[f"{part[0]}-{part[-1]}" for part in PARTS])
def test_who_does_what_the_pages_say_gets_the_projects(robot: Robot, pages: Path, part: range) -> None:
    """Each chapter goes on where the one before has ended. The second part begins as somebody does who takes the
    project of a chapter."""
    if part[0] > 1:
        robot.begin_after(part[0] - 1)
    for step in load_steps()[part[0] - 1 : part[-1]]:
        robot.follow(pages / f"{step.name}.html")
        assert not differences(robot.folder, project(step.number)), step.name
        assert not robot.strangers(project(step.number)), step.name


def test_the_parts_are_all_chapters() -> None:
    assert [chapter for part in PARTS for chapter in part] == [step.number for step in load_steps()]
