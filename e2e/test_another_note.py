"""The database is recreated while a page is open, and another note gets the number of its note."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import CreateNote, OpenNote
from tools.app_server import AppServer
from tools.sqlite import files_of

pytestmark = [pytest.mark.chapter(12), pytest.mark.app, pytest.mark.line_is_cut]

CLOSED = re.compile("Offline: the server closed the connection")


def make_database_anew(server: AppServer) -> None:
    server.stop()
    for file in files_of(server.settings["DATABASE_URL"]):
        file.unlink()
    server.migrate()
    server.start()


def test_a_page_whose_database_was_made_anew_is_told_so_and_keeps_its_text(
    open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    """Ada is offline meanwhile, with something that she has not sent. Alan is not: he is on the first note, which
    `migrate` makes again."""
    address = create_note(on=own_server)
    ada, alan = open_note(address, "Ada"), open_note(f"{own_server.url}/notes/1/", "Alan")
    ada.write("Worth keeping. ")
    ada.expect_saved()
    ada.go_offline()
    alan.write("Alan's own. ")
    alan.expect_saved()
    kept = alan.text
    ada.write("Not sent. ")
    make_database_anew(own_server)
    assert create_note(on=own_server) == address
    grace = open_note(address, "Grace")
    grace.write("Another note. ")
    grace.expect_saved()
    ada.offline_switch.click()
    for person, text in ((ada, "Worth keeping. Not sent. "), (alan, kept)):
        expect(person.alert).to_contain_text("Another note has this number now")
        expect(person.connection).to_have_text(CLOSED)
        person.expect_text(text)
    ada.write("In vain")
    ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.alert.get_by_role("button", name="Copy text").click()
    expect(ada.alert.get_by_role("button", name="Copied")).to_be_visible()
    assert ada.page.evaluate("navigator.clipboard.readText()") == "Worth keeping. Not sent. "
    grace.write("Goes on. ")
    grace.expect_saved()
    ada.reload()
    for person in (ada, grace):
        person.expect_text("Another note. Goes on. ")
        person.expect_people("Ada", "Grace")
    alan.reload()
    alan.expect_text(kept.replace("Alan's own. ", ""))


def test_panes_side_by_side_are_told_so_too(page: Page, own_server: AppServer) -> None:
    page.goto(f"{own_server.url}/notes/1/side-by-side/")
    panes = [page.frame_locator(f"iframe[title={name}]") for name in ("Ada", "Grace")]
    for pane in panes:
        expect(pane.get_by_role("status", name="Connection")).to_contain_text("Live")
    make_database_anew(own_server)
    for pane in panes:
        expect(pane.get_by_role("alert")).to_contain_text("Another note has this number now")
