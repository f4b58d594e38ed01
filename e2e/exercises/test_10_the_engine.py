"""The exercise of the tutorial's tenth chapter."""

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import CreateNote, OpenNote

pytestmark = pytest.mark.exercise(10)


def test_a_private_note_is_opened_by_nobody(open_note: OpenNote, create_note: CreateNote, page: Page) -> None:
    open_note(create_note("Public plans"), "Ada")
    page.goto(create_note("Private diary"))
    expect(page.get_by_role("status", name="Connection")).to_have_text("Offline: you may not open this")
