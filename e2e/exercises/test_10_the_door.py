"""The exercise of the tutorial's tenth chapter."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from tools.app_server import AppServer

pytestmark = pytest.mark.exercise(10)


def test_a_locked_note_is_not_changed(open_note: OpenNote, database_url: Callable[[], str], project: Path) -> None:
    with AppServer(database_url(), settings={"LOCKED_NOTES": "1,2"}, project=project) as server:
        ada = open_note(f"{server.url}/notes/1/", "Ada")
        before = ada.text
        ada.write("Mine")
        expect(ada.alert).to_contain_text("code 4403")
        assert "reason='This note is locked.'" in server.log
        grace = open_note(f"{server.url}/notes/1/", "Grace")
        grace.expect_text(before)
