"""The exercise of the tutorial's eighth chapter."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote

pytestmark = pytest.mark.exercise(8)


def test_the_tab_says_how_many_are_here(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    expect(ada.page).to_have_title(re.compile(r"^\(2\) "))
    grace.page.context.close()
    expect(ada.page).to_have_title(re.compile(r"^\(1\) "))
