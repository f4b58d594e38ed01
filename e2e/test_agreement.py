"""A page never says Saved over a text that is not the document's, whatever fails in its editor."""

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage, expect_same_text
from e2e.support.stock_clients import node_client
from e2e.test_line_ends import shown

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]

# The plugin that writes into the shared text fails once: CodeMirror logs the error, removes the plugin, and goes on.
CRASH = """async element => {
    const { EditorView } = await import("@codemirror/view")
    const { ySyncFacet } = await import("y-codemirror.next")
    const text = EditorView.findFromDOM(element).state.facet(ySyncFacet).ytext
    text.insert = () => {
        delete text.insert
        throw new Error("crashed on purpose")
    }
}"""
# Changes the shown text and nothing else, keeping its length.
CHANGE_SHOWN = """async (element, [from, to, insert]) => {
    const { EditorView } = await import("@codemirror/view")
    const { ySyncAnnotation, ySyncFacet } = await import("y-codemirror.next")
    const view = EditorView.findFromDOM(element)
    const annotations = ySyncAnnotation.of(view.state.facet(ySyncFacet))
    view.dispatch({ changes: { from, to, insert }, annotations })
}"""
# The next change of others fails.
GO_DEAF = """async element => {
    const { EditorView } = await import("@codemirror/view")
    const view = EditorView.findFromDOM(element)
    view.dispatch = function (spec) {
        if (!spec.changes) return EditorView.prototype.dispatch.apply(this, arguments)
        throw new Error("crashed on purpose")
    }
}"""
REFUSE_TO_GO = """async element => {
    const { EditorView } = await import("@codemirror/view")
    EditorView.findFromDOM(element).destroy = () => { throw new Error("crashed on purpose") }
}"""
LONGER_THAN_COMPARED_AT_ONCE = 30_000


@pytest.mark.editor_crashes
@pytest.mark.parametrize("field", ["title", "note"])
def test_an_editor_that_crashed_is_mounted_anew_and_what_it_showed_can_be_copied(
    open_note: OpenNote, note: str, field: str
) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    write(ada, field, "start end")
    expect_read("start end", field, ada, grace)
    ada.press(*["ArrowLeft"] * len("end"))
    getattr(ada, field).evaluate(CRASH)
    ada.type("x")
    expect(ada.alert).to_contain_text("The editor on this page failed")
    expect_read("start end", field, ada, grace)
    ada.type("mid ")
    expect_read("start mid end", field, ada, grace)
    write(grace, field, ", said Grace")
    expect_read("start mid end, said Grace", field, ada, grace)
    assert copied(ada) == "start xend"
    expect_same_text(ada, grace)
    ada.alert.get_by_role("button", name="Close").click()
    expect(ada.alert).to_be_hidden()


@pytest.mark.editor_crashes
def test_what_is_shown_and_in_no_document_is_never_called_saved(open_note: OpenNote, note: str) -> None:
    """This holds even if the editor cannot be mounted again."""
    ada = open_note(note, "Ada")
    ada.type_at_end("start")
    ada.expect_saved()
    ada.note.evaluate(REFUSE_TO_GO)
    ada.note.evaluate(CRASH)
    ada.type("x")
    expect(ada.changes).to_have_text("Not sent yet")
    assert ada.page.evaluate("!window.dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    assert copied(ada) == "startx"
    ada.page.get_by_role("textbox", name="Title", exact=True).press_sequentially("A title")
    grace = open_note(note, "Grace")
    grace.expect_title("A title")
    expect(ada.changes).to_have_text("Not sent yet")


@pytest.mark.editor_crashes
def test_an_editor_that_hears_nothing_any_more_shows_what_others_write(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.type_at_end("Ada.")
    grace.expect_text("Ada.")
    ada.note.evaluate(GO_DEAF)
    grace.type_at_end(" Grace.")
    ada.expect_text("Ada. Grace.")
    ada.type("!")
    assert expect_same_text(ada, grace) == "Ada.! Grace."


@pytest.mark.parametrize("length", [10, LONGER_THAN_COMPARED_AT_ONCE])
def test_texts_of_one_length_are_compared_too(open_note: OpenNote, note: str, length: int) -> None:
    ada = open_note(note, "Ada")
    text = f"start\n{'.' * length}\nend"
    ada.go_to_end()
    ada.paste(text)
    ada.expect_saved()
    ada.note.evaluate(CHANGE_SHOWN, [0, 5, "STARt"])
    expect(ada.alert).to_contain_text("The editor on this page failed")
    assert copied(ada) == text.replace("start", "STARt")
    ada.go_to_end()
    ada.type("!")
    with node_client(note) as client:
        ada.until(lambda: shown(ada.note) == client.do("text") == f"{text}!", lambda: "all read the same")


def write(person: NotePage, field: str, text: str) -> None:
    person.write_title(text) if field == "title" else person.type_at_end(text)


def expect_read(text: str, field: str, *people: NotePage) -> None:
    for person in people:
        person.expect_title(text) if field == "title" else person.expect_text(text)


def copied(person: NotePage) -> str:
    person.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.alert.get_by_role("button", name="Copy text").click()
    expect(person.alert.get_by_role("button", name="Copied")).to_be_visible()
    return str(person.page.evaluate("navigator.clipboard.readText()"))
