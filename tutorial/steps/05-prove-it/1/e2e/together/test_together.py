"""Several people in one note, each with a browser context of their own. The server has to be running:

pytest e2e/together --base-url http://127.0.0.1:8000
"""

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def note(page: Page) -> str:
    """The address of a new, empty note."""
    page.goto("/")
    page.get_by_role("button", name="Create note").click()
    page.wait_for_url("**/notes/*/")
    return page.url


def test_what_one_writes_the_other_reads(note: str, page: Page) -> None:
    expect(page.get_by_role("status", name="Connection")).to_contain_text("Live")
