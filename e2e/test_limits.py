"""The page of a person who reaches a limit. Nobody else notices anything."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import WebSocketRoute, expect

from e2e.conftest import OpenNote
from tools.app_server import AppServer
from tools.notes_over_http import create_note_over_http

pytestmark = pytest.mark.chapter(12)

CLOSED = re.compile("Offline: the server closed the connection")


@pytest.mark.line_is_cut
@pytest.mark.parametrize(
    ("settings", "length"),
    [
        ({"MAX_FRAME_BYTES": "3000"}, 5000),  # a frame that is refused
        pytest.param({"MAX_FRAME_BYTES": "2000"}, 5000, marks=pytest.mark.app),  # a frame that is not even read
        pytest.param({"MAX_NOTE_BYTES": "3000"}, 5000, marks=pytest.mark.app),  # a note that is full
    ],
)
def test_who_writes_too_much_is_told_and_keeps_the_text(
    open_note: OpenNote, database_url: Callable[[], str], project: Path, settings: dict[str, str], length: int
) -> None:
    with AppServer(database_url(), settings=settings, project=project) as server:
        address = create_note_over_http(server.url)
        ada, grace = open_note(address, "Ada", "Grace")
        ada.write("Short. ")
        grace.expect_text("Short. ")
        ada.paste("x" * length)
        expect(ada.alert).to_contain_text("Your last change is not saved")
        expect(ada.connection).to_contain_text(CLOSED)
        expect(ada.changes).not_to_have_text("Saved")
        assert ada.text == "Short. " + "x" * length
        grace.write("And on it goes.")
        grace.expect_saved()
        grace.expect_text("Short. And on it goes.")


@pytest.mark.app
def test_a_notice_goes_once_the_connection_is_back(open_note: OpenNote, note: str) -> None:
    ada, made = open_note(note, "Ada"), list[WebSocketRoute]()

    def refuse_the_second(route: WebSocketRoute) -> None:
        made.append(route)
        if len(made) == 2:
            route.close(code=4429)
        else:
            route.connect_to_server()

    ada.page.route_web_socket("**/ws/**", refuse_the_second)
    ada.page.reload()
    offline = ada.page.get_by_role("switch", name="Go offline")
    for _ in range(2):
        offline.click()
    expect(ada.alert).to_contain_text("The server closed the connection")
    for _ in range(2):
        offline.click()
    expect(ada.connection).to_have_text("Live")
    expect(ada.alert).to_be_hidden()
