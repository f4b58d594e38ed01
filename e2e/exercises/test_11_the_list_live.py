"""The exercise of the tutorial's eleventh chapter."""

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import CreateNote, OpenNote
from tools.app_server import AppServer

pytestmark = pytest.mark.exercise(11)


def test_the_list_says_how_many_are_here(
    page: Page, open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    ada, grace = (open_note(create_note(on=own_server), name) for name in ("Ada", "Grace"))
    page.goto(own_server.url)
    count = page.get_by_role("status", name="People")
    expect(count).to_have_text("2 here now")
    grace.page.context.close()
    expect(count).to_have_text("1 here now")
    ada.page.context.close()
    expect(count).to_have_text("")
