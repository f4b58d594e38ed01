import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from xdist.scheduler import LoadScopeScheduling

from e2e.examples.minutes_server import AS_IT_IS, EXAMPLE, FOLLOWED, PEOPLE, MinutesServer, OpenAs
from e2e.support.accounts import come_back, creating_accounts, log_in
from tools.app_server import REPOSITORY
from tutorial.robot import Robot, versions
from tutorial.site import build_site

HOW_TO = "how-to/use-it-in-your-project.html"


class OneWorkerForEachProject(LoadScopeScheduling):
    """With several workers, the page is followed by one."""

    def _split_scope(self, nodeid: str) -> str:
        scopes = {"test_wheel": "the wheel", "who_follows": FOLLOWED, FOLLOWED: FOLLOWED}
        return next((scope for part, scope in scopes.items() if part in nodeid), AS_IT_IS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return OneWorkerForEachProject(config, log)


@pytest.fixture(scope="session")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was made by following the page, in an empty folder beside the kit's wheel. In a process of its
    own, since Playwright runs in this one already."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(follow, tmp_path_factory.mktemp("followed")).result()


def follow(around: Path) -> Path:
    folder = around / "my-minutes"
    folder.mkdir()
    (around / "realtime-notes").mkdir()
    (around / "realtime-notes" / "dist").symlink_to(REPOSITORY / "dist")
    (around / "bin").mkdir()
    (around / "bin" / "python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    (around / "constraints.txt").write_text(versions(REPOSITORY / "examples" / "minutes" / "requirements.txt"))
    environment = {
        "PATH": os.pathsep.join([str(around / "bin"), os.environ["PATH"]]),
        "PIP_CONSTRAINT": str(around / "constraints.txt"),
    }
    with Robot(folder, environment) as robot:
        robot.follow(build_site(around / "site").parent / HOW_TO)
    return folder


@pytest.fixture(scope="session")
def minutes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinutesServer]:
    if getattr(request, "param", AS_IT_IS) == AS_IT_IS:
        project = tmp_path_factory.mktemp("stranger") / "project"
        shutil.copytree(EXAMPLE, project)
        server = MinutesServer(project, os.environ.get("MINUTES_PYTHON", sys.executable))
        server.run("manage.py", "migrate", "--verbosity", "0")
    else:
        project = request.getfixturevalue("followed")
        server = MinutesServer(project, str(project / ".venv" / "bin" / "python"))
    server.meeting = server.shell(creating_accounts() + PEOPLE)
    with server:
        yield server
    server.end_shell()


@pytest.fixture
def open_as(minutes: MinutesServer, new_page: Callable[..., Page]) -> OpenAs:
    """Opens the browser of a person who has logged in and sees the list of their meetings."""

    def open_as(name: str, *, by_form: bool = False) -> Page:
        page = new_page()
        if by_form:
            page.goto(minutes.url)
            log_in(page, name)
        else:
            come_back(page, minutes, name, cookie="sessionid")
        expect(page.get_by_role("heading", name="Your meetings")).to_be_visible()
        return page

    return open_as
