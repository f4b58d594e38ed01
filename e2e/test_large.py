"""A note of a megabyte, and one with megabytes in a single line."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.bystanders import fill
from e2e.support.note_page import TO_END
from tools.notes_over_http import text_without_javascript
from tools.patience import patience

LINE = "The quick brown fox jumps over the lazy dog, again and again and once more.\n"
LINES = 1_000_000 // len(LINE)
TIMES_LONGER = 10  # the limit, in times of an empty note (2 to 6 are usual): an editor draws only the lines in view
LONG_LINE_CHARACTERS = 1_500_000
TRIES = 2
TIMES = 4  # the limit, in processor times of the same text in lines; two are usual, and the bug took ten

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]


def test_a_note_of_a_megabyte_is_opened_and_written_in(
    open_note: OpenNote, note: str, new_context: Callable[..., BrowserContext]
) -> None:
    empty_seconds = least_processor_seconds(new_context, note)
    ada = open_note(note, "Ada")
    ada.go_to_end()
    ada.paste(LINE * LINES)
    ada.expect_saved()
    large_seconds = least_processor_seconds(new_context, note)
    print(f"{empty_seconds:.2f} s of the processor for an empty note, {large_seconds:.2f} s for a megabyte")
    assert large_seconds < TIMES_LONGER * empty_seconds
    grace = open_note(note, "Grace")
    grace.go_to_end()
    grace.type("Grace was here")
    ada.expect_in_text("Grace was here")
    ada.press(TO_END)
    ada.type(", and Ada")
    grace.expect_in_text("Grace was here, and Ada")
    expect(ada.connection).to_be_in_viewport()
    expect(ada.people.first).to_be_in_viewport()


@pytest.mark.parametrize("has_javascript", [True, False], ids=["live", "without JavaScript"])
def test_one_long_line_is_opened_like_many_short_ones(
    new_context: Callable[..., BrowserContext], create_note: CreateNote, has_javascript: bool
) -> None:
    def seconds_to_open(separator: str) -> float:
        note = create_note()
        words = LINE.strip() + separator
        fill_and_wait(note, words * (LONG_LINE_CHARACTERS // len(words)))
        return least_processor_seconds(new_context, note, has_javascript)

    in_lines = seconds_to_open("\n")
    in_one = seconds_to_open(" ")
    assert in_one < TIMES * in_lines, f"{in_one:.2f} s of the processor, and {in_lines:.2f} s in lines"


def fill_and_wait(note: str, text: str) -> None:
    """Until Django shows it, too."""
    fill(note, text)
    deadline = time.monotonic() + patience.seconds
    while len(text_without_javascript(note)) < len(text):
        assert time.monotonic() < deadline, "Django shows the text."
        time.sleep(0.1)


def least_processor_seconds(
    new_context: Callable[..., BrowserContext], note: str, has_javascript: bool = True
) -> float:
    """Of some tries: other programs share the processor's caches, and so the same work takes longer beside them."""
    contexts = [new_context(java_script_enabled=has_javascript) for _ in range(TRIES)]
    return min(processor_seconds(context.new_page(), note, has_javascript) for context in contexts)


def processor_seconds(page: Page, note: str, has_javascript: bool) -> float:
    """The cost of opening a note for the browser's page. Other programs on the machine do not count."""
    page.set_default_timeout(0)  # however slow: only the cost counts
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(note)
    if has_javascript:
        expect(page.get_by_role("status", name="Connection")).to_have_text("Live", timeout=0)
    page.screenshot()  # by then it is laid out
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")
