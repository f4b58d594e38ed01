"""For everybody: with a keyboard alone, with a screen reader, in both themes, on a narrow screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import OpenNote
from tools.app_server import AppServer
from tools.axe import findings

NARROW = {"width": 320, "height": 640}

pytestmark = [pytest.mark.chapter(10), pytest.mark.early]


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(open_note: OpenNote, server: AppServer, note: str, color_scheme: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace", color_scheme=color_scheme)
    grace.write("Grace's cursor is here")
    ada.expect_text("Grace's cursor is here")
    expect(ada.cursor_of("Grace")).to_be_attached()
    assert findings(ada.page.main_frame) == []
    ada.go_offline()
    assert findings(ada.page.main_frame) == []
    for address in (server.url, f"{server.url}/?q=nothing", f"{note}delete/", f"{note}side-by-side/?panes=4"):
        grace.page.goto(address)
        for frame in grace.page.frames:
            assert findings(frame) == [], address


@pytest.mark.page_is_missing
def test_axe_finds_nothing_on_the_page_of_a_missing_note(page: Page, server: AppServer) -> None:
    page.goto(f"{server.url}/notes/987654321/")
    assert findings(page.main_frame) == []


def test_a_keyboard_is_enough(page: Page, server: AppServer) -> None:
    page.goto(server.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Title of the new note")).to_be_focused()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    note = page.get_by_role("textbox", name="Note", exact=True)
    expect(note).to_be_visible()
    expect(page.get_by_role("status", name="Connection")).to_contain_text("Live")
    order = ["Undo", "Redo", "Go offline", "Title", "Note", "Your name"]
    page.get_by_role("button", name="Undo").focus()
    seen = []
    for _ in order:
        seen.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
        if seen[-1] == "Note":
            page.keyboard.type("Tab leaves the editor")
        page.keyboard.press("Tab")
    assert [name or "Your name" for name in seen] == order
    expect(note).to_have_text("Tab leaves the editor")
    switch = page.get_by_role("switch", name="Go offline")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(page.get_by_role("status", name="Connection")).to_contain_text("Offline")


def test_nothing_sticks_out_of_a_narrow_screen(new_page: Callable[..., Page], server: AppServer, note: str) -> None:
    page = new_page(viewport=NARROW)
    for address in (server.url, note, f"{note}side-by-side/", f"{note}delete/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], address
