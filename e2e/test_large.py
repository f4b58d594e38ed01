"""A note of a megabyte."""

import time

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from e2e.note_page import TO_END

LINE = "The quick brown fox jumps over the lazy dog, again and again and once more.\n"
LINES = 1_000_000 // len(LINE)
TIMES_LONGER = 10  # than an empty note; some three times are usual

pytestmark = [pytest.mark.chapter(10), pytest.mark.early]


def test_a_note_of_a_megabyte_is_opened_and_written_in(open_note: OpenNote, note: str) -> None:
    started = time.monotonic()
    ada = open_note(note, "Ada")
    empty_seconds = time.monotonic() - started
    ada.go_to_end()
    ada.paste(LINE * LINES)
    ada.expect_saved()
    started = time.monotonic()
    grace = open_note(note, "Grace")
    assert time.monotonic() - started < TIMES_LONGER * empty_seconds
    grace.go_to_end()
    grace.type("Grace was here")
    ada.expect_in_text("Grace was here")
    ada.press(TO_END)
    ada.type(", and Ada")
    grace.expect_in_text("Grace was here, and Ada")
    expect(ada.connection).to_be_in_viewport()
    expect(ada.people.first).to_be_in_viewport()
