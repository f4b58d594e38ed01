"""Several people in one note, each with a browser context of their own. The server has to be running:

pytest e2e/together --base-url http://127.0.0.1:8000
"""

import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

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


def test_what_one_writes_the_other_reads(note: str, open_note: Open) -> None:
    ada, grace = open_note(note), open_note(note)
    for letter in "abcdefghijklmnopqrst" * 20:
        write(ada, letter)
        assert read(grace).endswith(letter)
