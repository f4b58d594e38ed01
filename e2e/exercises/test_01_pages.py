"""The exercise of the tutorial's first chapter."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.exercise(1)


def test_the_page_says_when_the_note_was_changed(page: Page, note: str) -> None:
    page.goto(note)
    expect(page.get_by_text(re.compile(r"^Changed (now|.* ago)$"))).to_be_visible()
