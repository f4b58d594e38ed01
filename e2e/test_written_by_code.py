"""Django code and people write one note at once."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.note_page import NotePage
from tools.app_server import AppServer

pytestmark = [pytest.mark.app, pytest.mark.chapter(12)]

VISIT = """
from channels_yjs.visiting import visit
from notes.models import Note

with visit(Note.objects.get(pk={number}), "Robot") as robot:
    robot.write("body", "A robot 🤖 ", 0.01)
    input()
    robot.write("body", "writes.")
"""


@contextmanager
def command(server: AppServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command of the server's project, which ends well when the block has ended."""
    line = [sys.executable, "manage.py", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        line, cwd=server.project, env=server.environment(), text=True, stdin=pipe, stderr=pipe
    ) as running:
        try:
            yield running
            _, complaints = running.communicate("\n")
            assert running.returncode == 0, complaints
        finally:
            running.kill()


def number_of(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


def test_code_is_seen_as_one_more_person_who_writes(
    two_servers: list[AppServer], ada_and_grace: list[NotePage]
) -> None:
    ada, grace = ada_and_grace
    ada.write("Ada. ")
    grace.expect_text("Ada. ")
    with command(two_servers[0], "shell", "-v", "0", "-c", VISIT.format(number=number_of(ada.address))):
        for person in ada_and_grace:
            person.expect_people("Ada", "Grace", "Robot")
            expect(person.cursor_of("Robot")).to_be_attached()
        grace.write_first("Grace. ")
        ada.expect_text("Grace. Ada. A robot 🤖 ")
    for person in ada_and_grace:
        person.expect_text("Grace. Ada. A robot 🤖 writes.")
        person.expect_people("Ada", "Grace")


def test_a_command_types_slowly_under_a_name_and_is_seen_on_both_processes(
    ada_and_grace: list[NotePage], two_servers: list[AppServer]
) -> None:
    number, words = number_of(ada_and_grace[0].address), "A robot types this, and all can watch it."
    for person in ada_and_grace:
        person.note_words_of(person.page.get_by_role("list", name="People here"))
    with command(two_servers[0], "write_note", number, words, "--by", "Marvin", "--slowly"):
        for person in ada_and_grace:
            person.expect_noted("Marvin")
    for person in ada_and_grace:
        person.expect_text(words)
        person.expect_people("Ada", "Grace")


@pytest.mark.parametrize("pace", [[], ["--slowly"]], ids=["at-once", "slowly"])
def test_a_command_writes_an_open_note_and_without_redis_its_words_come_later(
    own_server: AppServer, create_note: CreateNote, open_note: OpenNote, pace: list[str]
) -> None:
    address = create_note(on=own_server)
    ada = open_note(address, "Ada")
    with command(own_server, "write_note", number_of(address), "Not lost", *pace):
        ada.expect_text("Not lost")
