"""Clocks that are wrong, and pages that sleep."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage, expect_same_text
from tools.app_server import AppServer

pytestmark = pytest.mark.chapter(10)

DAY_MS = 24 * 60 * 60 * 1000
SHIFT_CLOCK = """
const Real = Date
window.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + SHIFT) }
    static now() { return Real.now() + SHIFT }
}"""


@pytest.mark.parametrize("shift_ms", [-DAY_MS, DAY_MS])
def test_a_browser_whose_clock_is_a_day_off_writes_and_is_seen(
    server: AppServer, note: str, open_note: OpenNote, new_page: Callable[[], Page], shift_ms: int
) -> None:
    grace = open_note(note, "Grace")
    page = new_page()
    page.add_init_script(SHIFT_CLOCK.replace("SHIFT", str(shift_ms)))
    ada = NotePage(page, "Ada", note)
    ada.open()
    ada.write("Is it tomorrow? ")
    grace.expect_in_text("Is it tomorrow? ")
    grace.write("It is today. ")
    for person in (ada, grace):
        person.expect_people("Ada", "Grace")
        person.expect_in_text("Is it tomorrow? ", "It is today. ")
    ada.go_offline()
    grace.expect_people("Grace")
    ada.go_online()
    grace.expect_people("Ada", "Grace")
    expect_same_text(ada, grace)


@pytest.mark.line_is_cut
def test_a_page_that_has_slept_catches_up_when_it_wakes(
    note: str, open_note: OpenNote, new_page: Callable[[], Page]
) -> None:
    """As in a computer whose lid is closed: what is sent meanwhile is lost, and the line is dead without a word. The
    page notices when it wakes, by the clock: a frozen page of Chromium would go on reading its line."""
    lines, dead = list[WebSocketRoute](), list[WebSocketRoute]()
    lost: list[str | bytes] = []

    def connect(line: WebSocketRoute) -> None:
        lines.append(line)
        line.connect_to_server().on_message(lambda frame: lost.append(frame) if line in dead else line.send(frame))

    page = new_page()
    page.clock.install()
    page.route_web_socket("**/ws/notes/**", connect)
    ada, grace = NotePage(page, "Ada", note), open_note(note, "Grace")
    ada.open()
    ada.write("Before she sleeps. ")
    grace.expect_in_text("Before she sleeps. ")
    dead += lines
    grace.write("While Ada sleeps. ")
    grace.expect_saved()
    grace.until(lambda: bool(lost), lambda: "it is sent to Ada")
    assert "While Ada sleeps. " not in ada.text
    page.clock.fast_forward("01:00")
    ada.expect_in_text("While Ada sleeps. ")
    ada.write("Awake. ")
    grace.expect_in_text("Awake. ")
    ada.expect_people("Ada", "Grace")
    expect_same_text(ada, grace)
