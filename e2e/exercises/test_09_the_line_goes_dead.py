"""The exercise of the tutorial's ninth chapter."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote

pytestmark = pytest.mark.exercise(9)


def test_the_page_says_how_long_it_has_been_offline(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    offline_for = ada.page.get_by_role("status", name="Offline for")
    expect(offline_for).to_have_text("")
    ada.go_offline()
    expect(offline_for).to_have_text(re.compile(r"^Offline for [1-9]\d* s$"))
    ada.go_online()
    expect(offline_for).to_have_text("")
