"""A note as one person sees it. Knows the page by roles and accessible names only, so the same tests run against a
textarea and an early chapter of the tutorial, and against CodeMirror and the shipped app."""

import sys
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tools.patience import patience

LOOK_AGAIN_MS = 20  # the first wait; it grows from one look to the next
RARELY_MS = 500
OFFLINE = "Offline: your changes are kept and will be sent"
MORE_RARELY = 1.25  # the factor between two looks: nobody waits a quarter longer than needed
# Keys with other names on a Mac, or with another effect there.
TO_START, TO_END, TO_LINE_END = (
    ("Meta+ArrowUp", "Meta+ArrowDown", "Meta+ArrowRight")
    if sys.platform == "darwin"
    else ("Control+Home", "Control+End", "End")
)
READ_TEXT = """element => element.value ?? Array.from(
    element.children,
    line => Array.from(line.childNodes)
        .filter(node => node.contentEditable !== "false")
        .map(node => node.textContent).join("")
).join("\\n")"""

NOTE_WORDS = """element => {
    window.noted = []
    const note = () => window.noted.push(element.textContent.trim())
    new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true })
}"""


class NotePage:
    def __init__(self, page: Page, name: str, address: str) -> None:
        self.page = page
        self.name = name
        self.address = address
        self.title = page.get_by_role("textbox", name="Title", exact=True)
        self.note = page.get_by_role("textbox", name="Note", exact=True)
        self.connection = page.get_by_role("status", name="Connection")
        self.changes = page.get_by_role("status", name="Changes")
        self.offline_switch = page.get_by_role("switch", name="Go offline")
        self.people = page.get_by_role("list", name="People here").get_by_role("listitem")
        self.my_name = page.get_by_role("textbox", name="Your name")
        self.alert = page.get_by_role("alert")

    def __repr__(self) -> str:
        return self.name

    def open(self) -> None:
        self.page.goto(f"{self.address}?as={self.name}")
        self.expect_live()

    def reload(self) -> None:
        self.page.once("dialog", lambda dialog: dialog.accept())  # "leave the page?", if something is not saved
        self.page.reload()
        self.expect_live()

    # Writing

    def type(self, text: str, delay: float = 0) -> None:
        """Types where the caret is."""
        self.page.keyboard.type(text, delay=delay)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type_at_end(self, text: str) -> None:
        """Types at the end of the note."""
        self.go_to_end()
        self.type(text)

    def write(self, text: str) -> None:
        """The same in one step, as an input method or a paste does, and in a fraction of the time."""
        self.go_to_end()
        self.insert(text)

    def write_first(self, text: str) -> None:
        """In one step at the start of the note."""
        self.go_to(0)
        self.insert(text)

    def write_title(self, text: str) -> None:
        """In one step at the end of the title."""
        self.go_to_end_of_title()
        self.insert(text)

    def insert(self, text: str) -> None:
        """In one step where the caret is."""
        self.page.keyboard.insert_text(text)

    def go_to(self, position: int) -> None:
        self.note.focus()
        self.press(TO_START, *["ArrowRight"] * position)

    def go_to_end(self) -> None:
        self.note.focus()
        self.press(TO_END)

    def go_to_end_of_title(self) -> None:
        self.title.focus()
        self.press(TO_LINE_END)

    def paste(self, text: str) -> None:
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.press("ControlOrMeta+v")

    # Reading

    @property
    def text(self) -> str:
        return read(self.note)

    @property
    def names(self) -> list[str]:
        """Of the people whom the list shows now; mine is marked."""
        return [flat(text) for text in self.people.all_inner_texts()]

    def expect_text(self, text: str, seconds: float | None = None) -> None:
        self.until(lambda: self.text == text, lambda: f"the note reads {text!r}, but it is {self.text!r}", seconds)

    def expect_title(self, text: str) -> None:
        self.until(lambda: read(self.title) == text, lambda: f"the title is {text!r}, but it is {read(self.title)!r}")

    def expect_in_text(self, *parts: str) -> None:
        self.until(lambda: all(part in self.text for part in parts), lambda: f"{parts} are in the note {self.text!r}")

    def expect_live(self) -> None:
        expect(self.connection).to_contain_text("Live", timeout=patience.milliseconds)
        expect(self.note).to_be_visible()

    def expect_offline(self, seconds: float | None = None) -> None:
        expect(self.connection).to_contain_text(OFFLINE, timeout=1000 * (seconds or patience.seconds))

    def expect_saved(self) -> None:
        expect(self.changes).to_have_text("Saved")

    def expect_people(self, *names: str) -> None:
        """The list shows these people and no others, in any order; I am marked."""
        wanted = sorted(f"{name} (you)" if name == self.name else name for name in names)
        self.until(
            lambda: sorted(self.names) == wanted,
            lambda: f"{wanted} are here, but it is {self.names}",
        )

    def cursor_of(self, name: str) -> Locator:
        return self.page.locator(".cursor-label", has_text=name)

    def note_words_of(self, element: Locator) -> None:
        """Notes what the element says from now on, also for a moment."""
        element.evaluate(NOTE_WORDS)

    def expect_noted(self, words: str) -> None:
        self.until(
            lambda: any(words in noted for noted in self.page.evaluate("window.noted")),
            lambda: f"{words!r} is said, but it is {self.page.evaluate('window.noted')}",
        )

    def until_drawn(self) -> None:
        """Returns when the page has been drawn with all that has come so far."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    # The line

    def go_offline(self) -> None:
        expect(self.offline_switch).to_be_visible()
        self.offline_switch.click()
        self.expect_offline()

    def go_online(self) -> None:
        self.offline_switch.click()
        self.expect_live()

    def until(self, condition: Callable[[], bool], claim: Callable[[], str], seconds: float | None = None) -> None:
        """Waits for something that must come true soon. Looks again and again while the page goes on running. What
        comes true also where the test fails is waited for with `patience.seconds`."""
        deadline, pause_ms = time.monotonic() + (seconds or patience.claim_seconds), float(LOOK_AGAIN_MS)
        while not condition():
            assert time.monotonic() < deadline, f"For {self.name} this did not come true: {claim()}"
            self.page.wait_for_timeout(pause_ms)
            pause_ms = min(pause_ms * MORE_RARELY, RARELY_MS)


def until(page: Page, condition: Callable[[], bool], claim: str) -> None:
    """The same, for a page of any kind."""
    NotePage(page, "", "").until(condition, lambda: claim)


def read(field: Locator) -> str:
    text: Any = field.evaluate(READ_TEXT)
    return str(text)


def flat(text: str) -> str:
    return " ".join(text.split())


def expect_same_text(*people: NotePage) -> str:
    """Everybody is online, everything is saved, and all read the same. Returns what they read."""
    for person in people:
        person.expect_live()
        person.expect_saved()
    first = people[0]
    first.until(
        lambda: len({person.text for person in people}) == 1,
        lambda: f"all read the same, but {[(person.name, person.text) for person in people]}",
    )
    return first.text
