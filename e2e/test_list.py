"""The list of notes: create, search, open, delete; and it is live."""

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.note_page import NotePage
from tools.app_server import AppServer

CLOSED = "Offline: this has been deleted"


@pytest.mark.chapter(1)
def test_the_first_note_is_there_right_after_set_up(page: Page, own_server: AppServer) -> None:
    page.goto(f"{own_server.url}/notes/1/")
    expect(page.get_by_text("This note is yours, and everybody else's who opens it.")).to_be_visible()


@pytest.mark.chapter(1)
def test_a_note_is_created_found_and_deleted(page: Page, server: AppServer) -> None:
    page.goto(server.url)
    page.get_by_role("textbox", name="Title of the new note").fill("A recipe for shortbread")
    page.get_by_role("button", name="Create note").click()
    NotePage(page, "Ada", page.url).expect_title("A recipe for shortbread")
    page.get_by_role("link", name="All notes").click()
    page.get_by_role("searchbox", name="Search notes").fill("shortbread")
    page.get_by_role("button", name="Search").click()
    notes = page.get_by_role("list", name="Notes")
    expect(notes.get_by_role("heading")).to_have_text(["A recipe for shortbread"])
    notes.get_by_role("link", name="Delete A recipe for shortbread").click()
    expect(page.get_by_role("heading", name="Delete “A recipe for shortbread”?")).to_be_visible()
    page.get_by_role("button", name="Delete note").click()
    expect(page.get_by_text("“A recipe for shortbread” was deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="A recipe for shortbread", exact=True)).to_have_count(0)


@pytest.mark.chapter(1)
def test_what_is_written_is_there_after_a_reload(page: Page, note: str) -> None:
    """In the first chapters of the tutorial with a button to save it, in the later ones without."""
    ada = NotePage(page, "Ada", note)
    page.goto(note)
    expect(ada.note).to_be_editable()
    ada.write_title("A cake")
    ada.write("Flour, sugar, butter")
    save = page.get_by_role("button", name="Save", exact=True)
    if save.count():
        save.click()
    else:
        ada.expect_saved()
    page.goto(note)
    ada.expect_title("A cake")
    ada.expect_text("Flour, sugar, butter")


@pytest.mark.chapter(1)
@pytest.mark.page_is_missing
def test_a_note_that_does_not_exist_offers_to_create_one(page: Page, server: AppServer) -> None:
    response = page.goto(f"{server.url}/notes/987654321/")
    assert response
    assert response.status == 404
    expect(page.get_by_role("heading", name="There is no such note")).to_be_visible()
    page.get_by_role("button", name="Create note").click()
    expect(page.get_by_role("textbox", name="Note", exact=True)).to_be_visible()


@pytest.mark.chapter(6)
def test_a_note_can_be_read_without_javascript(
    open_note: OpenNote, create_note: CreateNote, new_page: object
) -> None:
    address = create_note("Readable")
    page = new_page(java_script_enabled=False)  # type: ignore[operator]
    page.goto(address)
    expect(page.get_by_text("Readable", exact=True)).to_be_visible()


@pytest.mark.chapter(9)
def test_the_address_of_a_note_is_copied_to_be_shared(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = ada.page.get_by_role("button", name="Copy address")
    expect(copy).to_be_visible()
    ada.note_words_of(copy)
    copy.click()
    ada.expect_noted("Copied")
    assert ada.page.evaluate("navigator.clipboard.readText()") == note


@pytest.mark.chapter(11)
def test_titles_people_and_new_notes_appear_while_one_looks(
    page: Page, open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    page.goto(own_server.url)
    address = create_note("Seen from the list", on=own_server)
    item = page.get_by_role("list", name="Notes").get_by_role("listitem").filter(has_text="Seen from the list")
    expect(item).to_have_count(1)
    ada, grace = open_note(address, "Ada", "Grace")
    expect(item.get_by_role("list", name="In this note: Ada, Grace")).to_be_visible()
    ada.write_title(", live")
    expect(page.get_by_role("link", name="Seen from the list, live", exact=True)).to_be_visible()
    grace.page.context.close()
    expect(item.get_by_role("list", name="In this note: Ada", exact=True)).to_be_visible()


@pytest.mark.chapter(11)
def test_the_list_keeps_the_focus_when_it_changes(page: Page, create_note: CreateNote, own_server: AppServer) -> None:
    page.goto(own_server.url)
    welcome = page.get_by_role("link", name="Welcome", exact=True)
    welcome.focus()
    create_note("Another", on=own_server)
    expect(page.get_by_role("link", name="Another", exact=True)).to_be_visible()
    expect(welcome).to_be_focused()


@pytest.mark.chapter(12)
@pytest.mark.app
def test_notes_keep_their_place_in_the_list_while_others_write(
    page: Page, open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    """Nobody hits a note that moves. New ones come first, and a reload sorts them all."""
    old = create_note("Old", on=own_server)
    create_note("Young", on=own_server)
    page.goto(own_server.url)
    titles = page.get_by_role("list", name="Notes").get_by_role("heading", level=2)
    open_note(old, "Ada").write_title(" and changed")
    expect(titles).to_have_text(["Young", "Old and changed", "Welcome"])
    create_note("New", on=own_server)
    expect(titles).to_have_text(["New", "Young", "Old and changed", "Welcome"])
    page.reload()
    expect(titles).to_have_text(["New", "Old and changed", "Young", "Welcome"])


@pytest.mark.chapter(12)
@pytest.mark.app
def test_a_link_that_is_pressed_while_the_list_changes_is_opened(
    page: Page, create_note: CreateNote, own_server: AppServer
) -> None:
    page.goto(own_server.url)
    welcome = page.get_by_role("link", name="Welcome", exact=True)
    welcome.hover()
    page.mouse.down()
    for title in ("Another", "A third"):  # when the second list comes, the page has dealt with the first
        with page.expect_response(page.url):
            create_note(title, on=own_server)
    page.mouse.up()
    page.wait_for_url("**/notes/1/")


@pytest.mark.chapter(11)
@pytest.mark.line_is_cut
def test_names_go_with_the_line_and_come_back_with_it(
    page: Page, open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    open_note(create_note("Seen from the list", on=own_server), "Ada")
    page.goto(own_server.url)
    item = page.get_by_role("list", name="Notes").get_by_role("listitem").filter(has_text="Seen from the list")
    names = item.get_by_role("list", name="In this note: Ada", exact=True)
    expect(names).to_be_visible()
    own_server.kill()
    expect(names).to_be_hidden()
    own_server.start()
    expect(names).to_be_visible()


@pytest.mark.chapter(11)
@pytest.mark.line_is_cut
def test_the_list_catches_up_after_the_server_was_away(
    new_page: object, create_note: CreateNote, own_server: AppServer
) -> None:
    page = new_page()  # type: ignore[operator]
    page.goto(own_server.url)
    expect(page.get_by_role("link", name="Welcome", exact=True)).to_be_visible()
    own_server.kill()
    own_server.start()
    create_note("Written meanwhile", on=own_server)
    expect(page.get_by_role("link", name="Written meanwhile", exact=True)).to_be_visible()


@pytest.mark.chapter(9)
def test_a_note_deleted_while_open_stays_to_be_copied(
    page: Page, open_note: OpenNote, create_note: CreateNote
) -> None:
    address = create_note("Doomed")
    ada, grace = open_note(address, "Ada", "Grace")
    ada.write("Worth keeping")
    grace.expect_text("Worth keeping")
    page.goto(f"{address}delete/")
    page.get_by_role("button", name="Delete note").click()
    for person in (ada, grace):
        expect(person.alert).to_contain_text("This note has been deleted")
        person.expect_text("Worth keeping")
        expect(person.connection).to_have_text(CLOSED)
    ada.write(" in vain")
    ada.press("ControlOrMeta+z")
    ada.expect_text("Worth keeping")
    ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.alert.get_by_role("button", name="Copy text").click()
    expect(ada.alert.get_by_role("button", name="Copied")).to_be_visible()
    assert ada.page.evaluate("navigator.clipboard.readText()") == "Doomed\n\nWorth keeping"


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.line_is_cut
def test_a_list_that_is_destroyed_while_it_connects_does_not_connect_again(page: Page, server: AppServer) -> None:
    page.goto(server.url)
    sockets = page.evaluate(
        """async () => {
            const { openLobby } = await import("channels-yjs/lobby.js")
            const Socket = window.WebSocket
            const made = []
            window.WebSocket = class extends Socket {
                constructor(...address) {
                    super(...address)
                    made.push(this)
                }
            }
            openLobby("/ws/nothing", {}).destroy()
            await new Promise((resolve) => made[0].addEventListener("close", resolve))
            await new Promise((resolve) => setTimeout(resolve, 1000))  // it would try again after 0.2 s
            window.WebSocket = Socket
            return made.length
        }"""
    )
    assert sockets == 1
