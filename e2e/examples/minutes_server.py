"""examples/minutes/ as a server, in a folder of its own, with any given Python; and its pages."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tools.app_server import REPOSITORY, AppServer, runserver
from tools.patience import patience
from tools.process import LOOK_AGAIN_SECONDS

PEOPLE = """
from django.contrib.auth.models import User
from minutes.models import Meeting
User.objects.all().delete()
Meeting.objects.all().delete()
people = [create_account(name) for name in ("ada", "grace", "mallory")]
meeting = Meeting.objects.create(subject="Founding", minutes="Agenda: tea.", owner=people[0])
meeting.members.set(people[1:2])
print(meeting.pk)
"""
ONLY_RINGS = """from minutes.settings import *

YJS_RECHECK_SECONDS = 86400.0  # or the regular recheck would do, some time later, what a ring has failed to do
"""
# Runs each line that it reads, a string of JSON with Python code, and answers with what that prints.
SHELL = """
import contextlib, io, json, sys
import django
django.setup()
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(json.loads(line), {})
    print(json.dumps(printed.getvalue()), flush=True)
"""
EXAMPLE = REPOSITORY / "examples" / "minutes"
AS_IT_IS, FOLLOWED = "as it is here", "as the page makes it"
# The page makes the same files, but its own settings and environment. What depends on these is tried there, too.
both_ways = pytest.mark.parametrize("minutes", [AS_IT_IS, FOLLOWED], indirect=True, scope="session")
OpenAs = Callable[..., Page]


class MinutesServer(AppServer):
    name = "minutes"

    def __init__(self, project: Path, python: str) -> None:
        super().__init__(project=project)
        self.python = python
        self.meeting = ""  # the meeting's key
        self._shell: subprocess.Popen[str] | None = None
        (project / "only_rings.py").write_text(ONLY_RINGS)
        self.settings = {"DATABASE": str(project / "db.sqlite3"), "DJANGO_SETTINGS_MODULE": "only_rings"}
        if self.python == sys.executable:
            self.settings["PYTHONPATH"] = str(REPOSITORY)

    def command(self) -> Sequence[str]:
        return runserver(f"127.0.0.1:{self.port}", self.project, self.python)

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

    def shell(self, code: str) -> str:
        """Runs code with the project's models in it, and returns what it prints. In one process, once it has begun:
        a project takes a second to start."""
        self._shell = self._shell or subprocess.Popen(
            [self.python, "-c", SHELL],
            cwd=self.project,
            env=dict(self.environment()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        asked, answers = self._shell.stdin, self._shell.stdout
        assert asked
        assert answers
        names = "from django.contrib.auth.models import User; from minutes.models import Meeting\n"
        asked.write(f"{json.dumps(names + code)}\n")
        asked.flush()
        if not (answer := answers.readline()):
            self.end_shell()
            raise AssertionError("The code has failed, with the error above.")
        printed: str = json.loads(answer)
        return printed.strip()

    def expect(self, code: str, text: str) -> None:
        """Runs it until it prints this: the fields follow soon after."""
        until = time.monotonic() + patience.seconds
        while (printed := self.shell(code)) != text:
            assert time.monotonic() < until, f"It prints {printed!r}."
            time.sleep(LOOK_AGAIN_SECONDS)

    def end_shell(self) -> None:
        if self._shell:
            self._shell.communicate()  # it ends with its input
            self._shell = None


def text_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Minutes")


def open_meeting(page: Page) -> Page:
    page.get_by_role("link", name="Founding").click()
    expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    return page
