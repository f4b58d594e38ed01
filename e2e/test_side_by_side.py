"""One note in several panes, as different people: the demo for a talk."""

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from e2e.support.note_page import read
from tools.app_server import AppServer


def pane_of(page: Page, name: str) -> FrameLocator:
    return page.frame_locator(f'iframe[title="{name}"]')


@pytest.mark.chapter(11)
def test_two_people_on_one_page_write_in_one_note(page: Page, note: str, server: AppServer) -> None:
    page.goto(note)
    link = page.get_by_role("link", name="Side by side")
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_attached()
    ada, grace = (pane_of(page, name) for name in ("Ada", "Grace"))
    ada.get_by_role("textbox", name="Note", exact=True).click()
    page.keyboard.type("Ada writes")
    expect(grace.get_by_role("textbox", name="Note", exact=True)).to_have_text("Ada writes")
    expect(grace.locator(".cursor-label", has_text="Ada")).to_be_attached()
    expect(grace.get_by_role("list", name="People here").get_by_role("listitem")).to_have_count(2)


@pytest.mark.chapter(11)
def test_each_pane_has_a_line_of_its_own_to_cut(page: Page, note: str) -> None:
    page.goto(f"{note}side-by-side/?panes=3")
    ada, grace, alan = (pane_of(page, name) for name in ("Ada", "Grace", "Alan"))
    switch = ada.get_by_role("switch", name="Go offline")
    expect(switch).to_be_visible()
    switch.click()
    expect(ada.get_by_role("status", name="Connection")).to_contain_text("Offline")
    grace.get_by_role("textbox", name="Note", exact=True).click()
    page.keyboard.insert_text("Without Ada. ")
    expect(alan.get_by_role("textbox", name="Note", exact=True)).to_have_text("Without Ada. ")
    page.keyboard.insert_text("She is away")  # when this comes, what was before it has gone to everybody
    expect(alan.get_by_role("textbox", name="Note", exact=True)).to_have_text("Without Ada. She is away")
    assert "Without Ada" not in read(ada.get_by_role("textbox", name="Note", exact=True))
    switch.click()
    expect(ada.get_by_role("textbox", name="Note", exact=True)).to_have_text("Without Ada. She is away")


@pytest.mark.chapter(11)
def test_there_are_two_to_four_panes(page: Page, note: str) -> None:
    response = page.goto(f"{note}side-by-side/")
    assert response
    assert response.ok
    for number in (4, 3, 2):
        page.get_by_role("link", name=f"{number} panes").click()
        expect(page.locator("iframe")).to_have_count(number)
        expect(page.get_by_role("link", name=f"{number} panes")).to_have_attribute("aria-current", "page")
