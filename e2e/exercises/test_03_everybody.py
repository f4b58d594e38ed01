"""The exercise of the tutorial's third chapter."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote

pytestmark = pytest.mark.exercise(3)


def test_the_page_says_when_somebody_else_wrote(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    expect(grace.changes).to_have_text("")
    ada.write("Hello")
    expect(grace.changes).to_have_text(re.compile(r"^Somebody wrote at \d+:\d\d:\d\d"))
    expect(ada.changes).to_have_text("Saved")
