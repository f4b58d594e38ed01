"""The exercise of the tutorial's seventh chapter."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import CreateNote, OpenNote

pytestmark = pytest.mark.exercise(7)


def test_the_page_counts_the_rows_of_the_log(page: Page, open_note: OpenNote, create_note: CreateNote) -> None:
    note = create_note("A log")
    rows = page.get_by_role("status", name="Log")
    page.goto(note)
    expect(rows).to_have_text("1 row")
    ada = open_note(note, "Ada")
    ada.write("Hello")
    ada.expect_saved()
    page.reload()
    expect(rows).to_have_text(re.compile(r"^[2-6] rows$"))
