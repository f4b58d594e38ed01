"""Find in the note. The browser's own search does not see it all: an editor draws only what is near the screen."""

import re

import pytest
from playwright.sync_api import Locator, expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.bystanders import fill
from e2e.support.note_page import NotePage

NARROW = {"width": 320, "height": 640}
LINES = 600
EACH = 30  # lines from one picnic to the next
TEXT = "\n".join("After the picnic" if line % EACH == EACH - 1 else f"Line {line}" for line in range(LINES))
TOTAL = 1 + LINES // EACH  # including the one in the title

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]


@pytest.fixture
def address(create_note: CreateNote) -> str:
    address = create_note("A Picnic")
    fill(address, TEXT)
    return address


class Finder:
    """The panel, as one person sees it."""

    def __init__(self, person: NotePage) -> None:
        self.person = person
        self.panel = person.page.get_by_role("search", name="This note")
        self.words = self.panel.get_by_role("textbox", name="Find in this note")
        self.matches = self.panel.get_by_role("status", name="Matches")

    def open(self) -> None:
        self.person.press("ControlOrMeta+f")
        expect(self.words).to_be_focused()

    def find(self, words: str) -> None:
        self.open()
        self.person.type(words)

    def expect_count(self, count: str) -> None:
        expect(self.matches).to_have_text(count)

    @property
    def current(self) -> Locator:
        return self.person.page.locator(".match-current")


def test_what_is_far_from_the_screen_is_found_and_shown(open_note: OpenNote, address: str) -> None:
    ada = open_note(address, "Ada")
    finder = Finder(ada)
    finder.find("picNIC")
    finder.expect_count(f"1 of {TOTAL}")
    expect(ada.title.locator(".match-current")).to_have_text("Picnic")
    for number in range(2, TOTAL + 1):
        ada.press("Enter")
        finder.expect_count(f"{number} of {TOTAL}")
    expect(ada.note.locator(".match-current")).to_have_text("picnic")
    expect(finder.current).to_be_in_viewport()
    ada.press("Enter")
    finder.expect_count(f"1 of {TOTAL}")
    ada.press("Shift+Enter")
    finder.expect_count(f"{TOTAL} of {TOTAL}")
    finder.panel.get_by_role("button", name="Previous").click()
    finder.expect_count(f"{TOTAL - 1} of {TOTAL}")
    finder.panel.get_by_role("button", name="Next").click()
    finder.expect_count(f"{TOTAL} of {TOTAL}")
    expect(finder.current).to_be_in_viewport()


@pytest.mark.parametrize("viewport", [{"width": 1000, "height": 500}, NARROW], ids=["wide", "narrow"])
def test_no_match_is_hidden_under_the_bars(open_note: OpenNote, address: str, viewport: dict[str, int]) -> None:
    ada = open_note(address, "Ada", viewport=viewport)
    finder = Finder(ada)
    finder.find("picnic")
    for key in ["Enter"] * 4 + ["Shift+Enter"] * 3:
        before = finder.matches.inner_text()
        ada.press(key)
        expect(finder.matches).not_to_have_text(before)
        ada.until(lambda: is_in_view(finder), lambda: f"the match {finder.matches.inner_text()} can be seen")


def is_in_view(finder: Finder) -> bool:
    """No other element covers the match."""
    if finder.current.count() == 0:
        return False
    seen: bool = finder.current.evaluate("""match => {
        const { left, top, width, height } = match.getBoundingClientRect()
        return document.elementFromPoint(left + width / 2, top + height / 2) === match
    }""")
    return seen


def test_the_panel_is_worked_with_the_keyboard_and_gives_the_focus_back(open_note: OpenNote, address: str) -> None:
    ada = open_note(address, "Ada")
    finder = Finder(ada)
    ada.go_to(0)
    ada.press("Shift+End")  # the selected "Line 0" becomes the search
    finder.open()
    expect(finder.words).to_have_value("Line 0")
    finder.expect_count("1 of 1")
    finder.words.fill("after the")
    finder.expect_count(f"1 of {TOTAL - 1}")
    ada.press("Escape")
    expect(finder.panel).to_be_hidden()
    expect(ada.note).to_be_focused()
    expect(ada.page.locator(".match")).to_have_count(0)
    ada.type("Before")
    ada.expect_in_text("Before picnic")


def test_the_focus_goes_back_to_where_it_was_if_nothing_is_found(open_note: OpenNote, address: str) -> None:
    ada = open_note(address, "Ada")
    finder = Finder(ada)
    ada.title.focus()
    finder.find("nowhere to be found")
    finder.expect_count("No matches")
    ada.press("Escape")
    expect(ada.title).to_be_focused()
    button = ada.page.get_by_role("button", name="Find")
    button.click()
    expect(finder.words).to_be_focused()
    finder.words.fill("")
    finder.expect_count("")
    finder.panel.get_by_role("button", name="Close").click()
    expect(button).to_be_focused()


def test_a_reader_without_a_caret_searches_from_what_is_on_the_screen(open_note: OpenNote, address: str) -> None:
    ada = open_note(address, "Ada")
    ada.page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    expect(ada.note.get_by_text("Line 300", exact=True)).to_be_visible()
    finder = Finder(ada)
    finder.find("after the picnic")
    ada.until(lambda: is_in_view(finder), lambda: "the match can be seen")
    assert 8 <= int(re.findall(r"\d+", finder.matches.inner_text())[0]) <= 13


def test_what_others_write_is_counted_and_does_not_move_me(open_note: OpenNote, address: str) -> None:
    ada, grace = open_note(address, "Ada", "Grace")
    finder = Finder(ada)
    finder.find("picnic")
    ada.press("Enter", "Enter")
    finder.expect_count(f"3 of {TOTAL}")
    grace.write_first("Picnic! Picnic!\n")
    finder.expect_count(f"5 of {TOTAL + 2}")
    expect(finder.words).to_be_focused()
    expect(finder.current).to_have_count(1)
    grace.press("ControlOrMeta+a", "Delete")
    finder.expect_count("1 match")
    ada.press("Enter")
    finder.expect_count("1 of 1")
    expect(ada.title.locator(".match-current")).to_have_text("Picnic")


def test_letters_of_all_languages_are_found_in_both_cases(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    finder = Finder(ada)
    ada.write("Übung ПРИВЕТ שלום 你好 .* \\n")
    for words in ("übung", "привет", "שלום", "你好", ".*", "\\n"):
        finder.open()
        finder.words.fill(words)
        finder.expect_count("1 of 1")


@pytest.mark.parametrize("theme", [{"forced_colors": "active"}, {"color_scheme": "dark"}, {}], ids=str)
def test_the_current_match_is_told_from_the_others_without_colour(
    open_note: OpenNote, note: str, theme: dict[str, str]
) -> None:
    ada = open_note(note, "Ada", **theme)
    ada.write("one and one")
    Finder(ada).find("one")
    current, other = ada.page.locator(".match-current"), ada.page.locator(".match:not(.match-current)")
    expect(current).to_have_css("outline-style", "solid")
    expect(other).to_have_css("outline-style", "none")
    assert background(other) != background(ada.page.locator(".sheet")) != background(current)


def background(element: Locator) -> str:
    color: str = element.evaluate("element => getComputedStyle(element).backgroundColor")
    return color
