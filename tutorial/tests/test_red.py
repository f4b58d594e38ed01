"""A test that has to fail on a project has to fail by what it claims. Anything else makes the second gate fail."""

import os
from pathlib import Path

from tools import forked
from tutorial.steps import REPOSITORY

TESTS = """
import pytest
from playwright.sync_api import expect
from e2e.support.note_page import NotePage

pytestmark = pytest.mark.chapter(2)

def test_a_claim(page):
    expect(page.get_by_role("button")).to_be_visible()

def test_an_error_that_does_not_come():
    with pytest.raises(ValueError):
        pass

def test_a_page_that_does_not_load(page):
    page.goto("http://127.0.0.1:9/")

def test_a_click_on_nothing(page):
    page.get_by_role("button").click(timeout=1)

def test_a_missing_key():
    {}["key"]

def test_a_note_that_does_not_open(page, monkeypatch):
    def expect_live(self):
        expect(self.connection).to_contain_text("Live", timeout=1)
    monkeypatch.setattr(NotePage, "expect_live", expect_live)
    NotePage(page, "Ada", "data:text/html,Nothing").open()

@pytest.fixture
def broken():
    raise AssertionError("There is no server.")

def test_a_fixture_that_fails(broken):
    assert False

def test_nothing():
    pass
"""
BREAKS_OFF, SET_UP = "by what it claims, but it breaks off: ", "by what it claims, but its set-up fails: "
ENDS = {
    "a_claim": "XFAIL",
    "an_error_that_does_not_come": "XFAIL",
    "a_page_that_does_not_load": f"{BREAKS_OFF}playwright._impl._errors.Error: Page.goto: net::ERR",
    "a_click_on_nothing": f"{BREAKS_OFF}playwright._impl._errors.TimeoutError: Locator.click: Timeout 1ms exceeded.",
    "a_missing_key": f"{BREAKS_OFF}KeyError: 'key'",
    "a_note_that_does_not_open": f"{SET_UP}AssertionError: Locator expected to contain text 'Live'",
    "a_fixture_that_fails": f"{SET_UP}AssertionError: There is no server.",
    "nothing": "[XPASS(strict)]",
}


def test_only_a_claim_that_does_not_come_true_makes_a_test_red(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from e2e.conftest import *\n")
    (tmp_path / "test_red.py").write_text(TESTS)
    command = [*forked.PYTEST, str(tmp_path), "-c", "e2e/pytest.toml", "--rootdir", str(tmp_path)]
    options = ["-p", "no:cacheprovider", "-rfEx", "--chapter", "1", "--both-ways"]
    code, said = forked.output_of([*command, *options], REPOSITORY, {**os.environ, "COLUMNS": "1000"}, 600)
    assert code == 1, said
    summary = said.rpartition("short test summary info")[2]
    for name, end in ENDS.items():
        [line] = [line for line in summary.splitlines() if f"test_{name}" in line.split(" - ")[0]]
        assert end in line
