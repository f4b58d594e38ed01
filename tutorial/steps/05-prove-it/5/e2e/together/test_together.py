"""Several people in one note, each with a browser context of their own. The server has to be running:

pytest e2e/together --base-url http://127.0.0.1:8000
"""

import sys
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

PATIENCE_SECONDS = 5.0
READ = "element => element.value ?? element.innerText"  # a plain field, or an editor
START, END = ("Meta+ArrowUp", "Meta+ArrowDown") if sys.platform == "darwin" else ("Control+Home", "Control+End")

Open = Callable[[str], Page]


@pytest.fixture
def note(page: Page) -> str:
    """The address of a new, empty note."""
    page.goto("/")
    page.get_by_role("button", name="Create note").click()
    page.wait_for_url("**/notes/*/")
    return page.url


@pytest.fixture
def open_note(new_context: Callable[..., BrowserContext]) -> Open:
    """Opens a note as somebody else would, at another computer."""

    def open_note(address: str) -> Page:
        page = new_context().new_page()
        page.goto(address)
        expect(page.get_by_role("status", name="Connection")).to_contain_text("Live")
        return page

    return open_note


def write(person: Page, text: str) -> None:
    person.get_by_role("textbox", name="Note", exact=True).focus()
    person.keyboard.press(END)
    person.keyboard.type(text)


def read(person: Page) -> str:
    return str(person.get_by_role("textbox", name="Note", exact=True).evaluate(READ)).strip()


def expect_text(person: Page, text: str) -> None:
    """Looks again and again until it is so, and not once after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while read(person) != text:
        assert time.monotonic() < deadline, f"The note should read {text!r}, but it reads {read(person)!r}"
        person.wait_for_timeout(100)


def test_what_one_writes_the_other_reads(note: str, open_note: Open) -> None:
    ada, grace = open_note(note), open_note(note)
    write(ada, "Hello Grace")
    expect_text(grace, "Hello Grace")
    write(grace, ", I am Grace")
    expect_text(ada, "Hello Grace, I am Grace")


def test_another_note_stays_as_it_is(note: str, open_note: Open) -> None:
    ada, grace, alan = open_note(note), open_note(note), open_note(note)
    ada.goto("/")
    ada.get_by_role("button", name="Create note").click()
    expect(ada.get_by_role("status", name="Connection")).to_contain_text("Live")
    write(ada, "In another note")
    expect(ada.get_by_role("status", name="Changes")).to_have_text("Saved")  # so the server has had it
    write(alan, "The fence")  # sent after it; so once this is here, the other would be here as well
    expect_text(grace, "The fence")
