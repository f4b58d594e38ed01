"""The pictures of the README and the docs, taken from the app. `nox -s pictures` keeps them; at any other time they
are taken all the same and thrown away, so that a picture that can no longer be taken is noticed."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.note_page import TO_START
from e2e.test_side_by_side import pane_of
from tools.app_server import REPOSITORY, AppServer

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]

SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]
WIDE = {"width": 1200, "height": 640}
LETTER = """Dear all,

the picnic is on Saturday at noon, by the old mill.
Bring something to drink."""


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return REPOSITORY / "docs" / "images" if request.config.getoption("--keep-pictures") else tmp_path


def shoot(page: Page, folder: Path, name: str) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=folder / f"{name}-{scheme}.png")


def test_picture_of_two_people_in_one_note(
    new_page: Callable[..., Page], create_note: CreateNote, folder: Path
) -> None:
    page = new_page(viewport=WIDE)
    page.goto(f"{create_note('A picnic on Saturday')}side-by-side/")
    ada, grace = (pane_of(page, name) for name in ("Ada", "Grace"))
    ada.get_by_role("textbox", name="Note", exact=True).click()
    page.keyboard.insert_text(LETTER)
    notes = grace.get_by_role("textbox", name="Note", exact=True)
    expect(notes).to_contain_text("Bring something to drink.")
    notes.click()
    page.keyboard.press(TO_START)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.type(" I bring a cake. ")
    expect(ada.locator(".cursor-label", has_text="Grace")).to_be_attached()
    for pane in (ada, grace):
        expect(pane.get_by_role("status", name="Changes")).to_have_text("Saved")
    shoot(page, folder, "side-by-side")


def test_picture_of_a_note(open_note: OpenNote, create_note: CreateNote, folder: Path) -> None:
    ada, grace = open_note(create_note("A picnic on Saturday"), "Ada", "Grace", viewport=WIDE)
    ada.write(LETTER)
    grace.expect_text(LETTER)
    grace.go_to_end()
    grace.type(" Tea?")
    ada.expect_text(f"{LETTER} Tea?")
    expect(ada.cursor_of("Grace")).to_be_attached()
    ada.expect_saved()
    shoot(ada.page, folder, "note")


def test_picture_of_the_list(
    new_page: Callable[..., Page],
    open_note: OpenNote,
    create_note: CreateNote,
    own_server: AppServer,
    folder: Path,
) -> None:
    notes = [create_note(title, on=own_server) for title in ("Reading list", "A picnic on Saturday")]
    grace = open_note(notes[1], "Grace")
    grace.write(LETTER)
    page = new_page(viewport=WIDE)
    page.goto(own_server.url)
    expect(page.get_by_role("list", name="In this note: Grace")).to_be_visible()
    expect(page.get_by_text("Dear all")).to_be_visible()
    shoot(page, folder, "list")
