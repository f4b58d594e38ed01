"""Any characters that a document holds: every page reads what the server holds, and types where the caret is.

A program may take some of these for a line end, drop them, or count them in its own way. So the texts are compared
where nothing is rendered: in the editor's state, and in a stock client, which has what the server sends.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage
from e2e.support.stock_clients import NodeClient, node_client

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]

CHARACTERS = {  # by their short names
    "CR LF": "\r\n",
    "CR": "\r",
    "LF CR": "\n\r",
    "NEL": "\x85",
    "LS": "\u2028",
    "PS": "\u2029",
    "VT": "\x0b",
    "FF": "\x0c",
    "FS": "\x1c",
    "NUL": "\x00",
    "TAB": "\t",
    "BOM": "\ufeff",
    "ZWSP": "\u200b",
    "SHY": "\xad",
    "OBJ": "\ufffc",
    "FFFF": "\uffff",  # what CodeMirror puts for a line end
}
PASTE = """(element, text) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData("text/plain", text)
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }))
}"""
INSERT = """(element, text) => document.execCommand("insertText", false, text)"""
IS_BEFORE_LAST = """async cursor => {
    const { EditorView } = await import("@codemirror/view")
    const view = EditorView.findFromDOM(document.getElementById("body").firstElementChild)
    const place = view.coordsAtPos(view.state.doc.length - 1), box = cursor.getBoundingClientRect()
    return Math.abs(place.left - box.left) < 2 && Math.abs(place.bottom - box.bottom) < 2
}"""
KEPT = {**CHARACTERS, "CR LF": "\n", "CR": "\n", "LF CR": "\n\n"}  # what is left of pasted or typed text
WHOLE_TEXT = """async element => {
    const { EditorView } = await import("@codemirror/view")
    return EditorView.findFromDOM(element).state.doc.toString()
}"""


def shown(field: Locator) -> str:
    """The text that the editor holds, control characters included."""
    return str(field.evaluate(WHOLE_TEXT))


def expect_all_read(text: str, root: str, people: list[NotePage], client: NodeClient) -> None:
    for person in people:
        field = person.title if root == "title" else person.note
        person.until(
            lambda field=field: shown(field) == client.do("text", root=root) == text,
            lambda field=field: f"{text!r} is read, but it is {shown(field)!r} and {client.do('text', root=root)!r}",
        )


@pytest.mark.parametrize("root", ["title", "body"])
def test_what_a_client_writes_is_read_alike_and_typed_into_at_the_caret(
    open_note: OpenNote, note: str, root: str
) -> None:
    """Grace has the note open while it is written, Ada opens it afterwards. After each character comes its name."""
    grace = open_note(note, "Grace")
    with node_client(note) as client:
        client.do("insert", root=root, index=0, text=text_with(CHARACTERS))
        expect_all_read(text_with(CHARACTERS), root, [grace], client)
        ada = open_note(note, "Ada")
        go_to_end_of(ada, root)
        for name, character in reversed(CHARACTERS.items()):
            ada.press(*["ArrowLeft"] * len(name), "A", *["ArrowLeft"] * len(f"{character}A"))
        expect_all_read(text_with(CHARACTERS, "A"), root, [ada, grace], client)
        go_to_end_of(grace, root)
        for name, character in reversed(CHARACTERS.items()):
            grace.press(*["ArrowLeft"] * len(f"{name}A"), *["Backspace"] * len(character))
        expect_all_read(text_with(dict.fromkeys(CHARACTERS, ""), "A"), root, [ada, grace], client)
        ada.expect_saved()
        grace.expect_saved()


def text_with(characters: dict[str, str], before_name: str = "") -> str:
    return "".join(f"{character}{before_name}{name}" for name, character in characters.items())


def go_to_end_of(person: NotePage, root: str) -> None:
    (person.note if root == "body" else person.title).focus()
    person.press("ControlOrMeta+a", "ArrowRight")


@pytest.mark.parametrize("how", ["paste", "script"])
def test_what_is_pasted_or_put_in_by_a_script_has_plain_line_ends(open_note: OpenNote, note: str, how: str) -> None:
    """Inserted in the middle of a line, with the caret behind it and more typed there. CodeMirror takes one character
    for a line end of its own when it reads a script's text from the page."""
    kept = text_with(KEPT) if how == "paste" else text_with(KEPT).replace("\uffff", "\n")
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("start end")
    ada.press(*["ArrowLeft"] * len("end"))
    ada.note.evaluate(PASTE if how == "paste" else INSERT, text_with(CHARACTERS))
    ada.type("!")
    with node_client(note) as client:
        expect_all_read(f"start {kept}!end", "body", [ada, grace], client)
    ada.expect_saved()


def test_an_object_that_a_client_embeds_is_shown_as_one_character(open_note: OpenNote, note: str) -> None:
    grace = open_note(note, "Grace")
    with node_client(note) as client:
        client.do("insert", index=0, text="onetwo")
        client.do("embed", index=3)
        grace.until(lambda: shown(grace.note) == "one\ufffctwo", lambda: "Grace, who was there, sees it")
        ada = open_note(note, "Ada")
        ada.until(lambda: shown(ada.note) == "one\ufffctwo", lambda: "Ada, who comes now, sees it")
        ada.write("!")
        ada.press(*["ArrowLeft"] * len("?two!"), "-")
        for person in (ada, grace):
            person.until(lambda person=person: shown(person.note) == "one-\ufffctwo!", lambda: "both read the same")
        grace.until(lambda: client.do("text") == "one-two!", lambda: "the client reads it, too")


def test_a_cursor_in_a_line_after_others_line_ends_is_seen_where_it_is(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    with node_client(note) as client:
        client.do("insert", index=0, text="one\r\ntwo\r\nthree")
        expect_all_read("one\r\ntwo\r\nthree", "body", [ada, grace], client)
    ada.go_to_end()
    ada.press("ArrowLeft")
    seen = grace.page.locator(".remote-cursor")
    grace.until(
        lambda: seen.count() == 1 and seen.evaluate(IS_BEFORE_LAST), lambda: "Ada's cursor is before the last letter"
    )


def test_without_javascript_line_ends_are_read_as_lines(
    new_page: Callable[..., Page], open_note: OpenNote, note: str
) -> None:
    ada = open_note(note, "Ada")
    with node_client(note) as client:
        client.do("insert", index=0, text="one\r\ntwo\rthree\nfour\0")
        expect_all_read("one\r\ntwo\rthree\nfour\0", "body", [ada], client)
    ada.page.context.close()
    page = new_page(java_script_enabled=False)
    body = page.locator("#body")

    def reads() -> bool:
        """The readable text follows the document a moment later."""
        page.goto(note)
        return body.inner_text() == "one\ntwo\nthree\nfour"

    NotePage(page, "Alan", note).until(reads, lambda: f"four lines are read, but it is {body.inner_text()!r}")


@pytest.mark.parametrize("keys", ["Shift+Alt+ArrowDown", "Shift+Alt+ArrowUp"])
def test_no_key_copies_the_line_of_a_title(open_note: OpenNote, note: str, keys: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write_title("Plans")
    ada.title.press(keys)
    ada.title.press("End")
    ada.title.press("!")
    for person in (ada, grace):
        person.expect_title("Plans!")
