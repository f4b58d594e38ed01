"""A stranger's project on the engine: examples/minutes/, in a folder of its own, with any given Python.

`nox -s wheel` gives it one where the distribution is installed and the kit is not. Three people: two are members.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.support.patience import patience
from tools.app_server import REPOSITORY, AppServer

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
PASSWORD = "minutes-of-the-meeting"
PEOPLE = f"""
from django.contrib.auth.models import User
from minutes.models import Meeting
User.objects.all().delete()
Meeting.objects.all().delete()
people = [User.objects.create_user(name, password="{PASSWORD}") for name in ("ada", "grace", "mallory")]
meeting = Meeting.objects.create(subject="Founding", minutes="Agenda: tea.")
meeting.members.set(people[:2])
print(meeting.pk)
"""
EXAMPLE = REPOSITORY / "examples" / "minutes"
OpenAs = Callable[[str], Page]


class MinutesServer(AppServer):
    name = "minutes"

    def __init__(self, project: Path, python: str) -> None:
        super().__init__(project=project)
        self.python = python
        self.meeting = ""  # the meeting's key
        self.settings = {"DATABASE": str(project / "db.sqlite3")}
        if self.python == sys.executable:
            self.settings["PYTHONPATH"] = str(REPOSITORY)

    def command(self) -> Sequence[str]:
        return [self.python, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]

    def environment(self) -> Mapping[str, str]:
        """Only the given variables: the project must not find the kit through the tests' own environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}
        return {**kept, "PYTHONUNBUFFERED": "1", **self.settings}

    def run(self, *arguments: str) -> str:
        command = [self.python, *arguments]
        done = subprocess.run(
            command, cwd=self.project, env=dict(self.environment()), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module", params=["as it is here", "as the page makes it"])
def minutes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinutesServer]:
    if request.param == "as it is here":
        project = tmp_path_factory.mktemp("stranger") / "project"
        shutil.copytree(EXAMPLE, project)
        server = MinutesServer(project, os.environ.get("MINUTES_PYTHON", sys.executable))
        server.run("manage.py", "migrate", "--verbosity", "0")
    else:
        project = request.getfixturevalue("followed")
        server = MinutesServer(project, str(project / ".venv" / "bin" / "python"))
    server.meeting = server.run("manage.py", "shell", "-v", "0", "-c", PEOPLE)
    with server:
        yield server


@pytest.fixture
def open_as(minutes: MinutesServer, new_page: Callable[..., Page]) -> OpenAs:
    """Opens the browser of a person who has logged in and sees the list of their meetings."""

    def open_as(name: str) -> Page:
        page = new_page()
        page.goto(f"{minutes.url}/accounts/login/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Your meetings")).to_be_visible()
        return page

    return open_as


def text_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Minutes")


def open_meeting(page: Page) -> Page:
    page.get_by_role("link", name="Founding").click()
    expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    return page


def test_the_engine_is_the_installed_one(minutes: MinutesServer) -> None:
    found = Path(minutes.run("-c", "import channels_yjs; print(channels_yjs.__file__)"))
    is_in_the_kit = REPOSITORY / "channels_yjs" in found.parents
    assert is_in_the_kit == (minutes.python == sys.executable)


def test_who_follows_the_page_has_all_of_the_example(followed: Path) -> None:
    """Except for the settings, which are longer than the example's, and a migration, which holds its date."""
    for source in (EXAMPLE / "minutes").rglob("*.*"):
        path = source.relative_to(EXAMPLE)
        if not {"migrations", "__pycache__", "settings.py"} & set(path.parts):
            assert (followed / path).read_text() == source.read_text(), path
    assert (followed / "minutes" / "migrations" / "0001_initial.py").exists()


def test_members_write_one_text_and_the_field_follows(minutes: MinutesServer, open_as: OpenAs) -> None:
    ada, grace = open_meeting(open_as("ada")), open_meeting(open_as("grace"))
    expect(text_of(grace)).to_have_text("Agenda: tea.")
    text_of(ada).press("Control+End")
    ada.keyboard.type(" And biscuits.")
    expect(text_of(grace)).to_have_text("Agenda: tea. And biscuits.")
    expect(ada.get_by_role("status", name="Changes")).to_have_text("Saved")
    expect(grace.get_by_role("list", name="People here").get_by_role("listitem")).to_have_text(["grace (you)", "ada"])
    read = "from minutes.models import Meeting; print(Meeting.objects.get(subject='Founding').minutes)"
    until = time.monotonic() + patience.seconds
    while (field := minutes.run("manage.py", "shell", "-v", "0", "-c", read)) != "Agenda: tea. And biscuits.":
        assert time.monotonic() < until, f"The field says {field!r}."


def test_who_is_where_is_seen_in_the_list(open_as: OpenAs) -> None:
    grace, ada = open_as("grace"), open_as("ada")
    people = grace.get_by_role("list", name="In Founding").get_by_role("listitem")
    expect(people).to_have_count(0)
    open_meeting(ada)
    expect(people).to_have_text(["ada"])
    ada.close()
    expect(people).to_have_count(0)


def test_a_stranger_is_shut_out(minutes: MinutesServer, open_as: OpenAs) -> None:
    mallory = open_as("mallory")
    expect(mallory.get_by_text("You are not a member of any meeting yet.")).to_be_visible()
    closed: Any = mallory.evaluate(
        """address => new Promise(resolve => {
            const socket = new WebSocket(address), heard = []
            socket.onmessage = ({ data }) => heard.push(data)
            socket.onclose = ({ code }) => resolve({ code, heard: heard.length })
        })""",
        f"{minutes.url.replace('http', 'ws')}/ws/meetings/{minutes.meeting}",
    )
    assert closed == {"code": 4403, "heard": 0}


def test_deleting_a_meeting_deletes_its_document_and_tells_who_is_there(
    minutes: MinutesServer, open_as: OpenAs
) -> None:
    make = (
        "from django.contrib.auth.models import User; from minutes.models import Meeting; "
        "Meeting.objects.create(subject='Short').members.set(User.objects.filter(username='ada'))"
    )
    minutes.run("manage.py", "shell", "-v", "0", "-c", make)
    ada = open_as("ada")
    ada.get_by_role("link", name="Short").click()
    expect(ada.get_by_role("status", name="Connection")).to_have_text("Live")
    delete = (
        "from channels_yjs.models import Document; from minutes.models import Meeting; "
        "Meeting.objects.get(subject='Short').delete(); print(Document.objects.count())"
    )
    before = "from channels_yjs.models import Document; print(Document.objects.count())"
    count = int(minutes.run("manage.py", "shell", "-v", "0", "-c", before))
    assert int(minutes.run("manage.py", "shell", "-v", "0", "-c", delete)) == count - 1
    expect(ada.get_by_role("status", name="Connection")).to_have_text("Offline: this has been deleted")
