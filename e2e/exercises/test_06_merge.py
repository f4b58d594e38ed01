"""The exercise of the tutorial's sixth chapter."""

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote

pytestmark = pytest.mark.exercise(6)


def test_the_page_counts_the_letters(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    letters = grace.page.get_by_role("status", name="Letters")
    expect(letters).to_have_text("0 letters")
    ada.write("Hello")
    expect(letters).to_have_text("5 letters")
    grace.write("!")
    expect(letters).to_have_text("6 letters")
