"""The exercise of the tutorial's twelfth chapter."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage
from tools.app_server import AppServer

pytestmark = pytest.mark.exercise(12)


def test_a_locked_note_can_be_read_and_not_written(
    open_note: OpenNote, new_page: Callable[..., object], database_url: Callable[[], str], project: Path
) -> None:
    with AppServer(database_url(), settings={"LOCKED_NOTES": "1,2"}, project=project) as server:
        page = new_page()
        ada = NotePage(page, "Ada", f"{server.url}/notes/1/")  # type: ignore[arg-type]
        ada.page.goto(ada.address)
        expect(ada.alert.filter(has_text="You may not open this note")).to_be_visible()
        expect(ada.page.get_by_text("This note is yours, and everybody else's who opens it.")).to_be_visible()
        assert "reason='This note is locked.'" in server.log
