"""The text that somebody reads stays in place while others write elsewhere."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from e2e.support.bystanders import fill
from e2e.support.note_page import NotePage, read
from e2e.test_composition import InputMethod, stop_the_clock

LINES = 400
TEXT = "\n".join(f"Line {number}." for number in range(LINES))
LINE = 200  # Ada reads this one
NEAR_PX = 1

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]


@pytest.fixture
def readers(open_note: OpenNote, note: str) -> list[NotePage]:
    """Ada reads in the middle of a long note, without a caret in it; Grace is there to write."""
    fill(note, TEXT)
    ada, grace = open_note(note, "Ada", "Grace")
    ada.page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", LINE / LINES)
    expect(ada.note.get_by_text(f"Line {LINE}.")).to_be_in_viewport()
    return [ada, grace]


def test_lines_written_above_do_not_move_what_i_read(readers: list[NotePage]) -> None:
    ada, grace = readers
    expect_to_stay(ada, grace, lambda: grace.write_first("New\n" * 10))


def test_a_whole_page_of_lines_written_above_does_not_move_what_i_read(readers: list[NotePage]) -> None:
    """These are more lines than the editor draws around the screen."""
    ada, grace = readers
    grace.go_to(0)
    expect_to_stay(ada, grace, lambda: grace.insert("New and rather long\n" * 1000))


def test_lines_deleted_above_do_not_move_what_i_read(readers: list[NotePage]) -> None:
    ada, grace = readers

    def delete() -> None:
        grace.go_to(0)
        grace.press(*["Shift+ArrowDown"] * 10, "Delete")

    expect_to_stay(ada, grace, delete)


def test_what_i_read_stays_while_i_am_in_another_field(readers: list[NotePage]) -> None:
    ada, grace = readers
    ada.my_name.evaluate("field => field.focus({ preventScroll: true })")
    expect_to_stay(ada, grace, lambda: grace.write_first("New\n" * 10))


def test_what_i_read_stays_while_i_have_a_caret_in_the_text(readers: list[NotePage]) -> None:
    ada, grace = readers
    ada.note.get_by_text(f"Line {LINE}.").click()
    expect_to_stay(ada, grace, lambda: grace.write_first("New\n" * 10))


def test_a_title_that_grows_does_not_move_what_i_read(readers: list[NotePage]) -> None:
    ada, grace = readers
    grace.title.focus()
    expect_to_stay(ada, grace, lambda: grace.insert("A title of many words. " * 10))


# Somebody without a page writes in the line, far above it, and then in the title.
OTHERS_WRITE = """async line => {
    const { openDocument } = await import("channels-yjs")
    const other = openDocument(document.getElementById("note").dataset.socket, ["title", "body"])
    await other.synced
    const { title, body } = other.texts
    body.insert(body.toString().indexOf(line), "X")
    body.insert(0, "New and rather long\\n".repeat(10))
    title.insert(0, "Done")
}"""


def test_what_i_read_stays_while_changes_are_held_back_from_a_word_that_i_compose(
    open_note: OpenNote, note: str
) -> None:
    fill(note, TEXT)
    ada = open_note(note, "Ada")
    ada.page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", LINE / LINES)
    ada.note.get_by_text(f"Line {LINE + 1}.").click()
    stop_the_clock(ada)
    input_method = InputMethod(ada)
    input_method.compose("に", "にほん")
    before = top_of_line(ada)
    ada.page.evaluate(OTHERS_WRITE, f"Line {LINE + 1}.")
    expect_in_place(ada, before)
    assert "X" not in ada.text
    input_method.commit("日本")
    ada.expect_in_text("X")
    expect_in_place(ada, before)


def test_at_the_top_of_the_note_new_lines_come_into_view(open_note: OpenNote, note: str) -> None:
    fill(note, TEXT)
    ada, grace = open_note(note, "Ada", "Grace")
    grace.write_first("New here\n")
    expect(ada.note.get_by_text("New here")).to_be_in_viewport()


def expect_to_stay(ada: NotePage, grace: NotePage, change: Callable[[], None]) -> None:
    before = top_of_line(ada)
    change()
    grace.write_title("Done")  # the title comes after the change, so a page that has the title has the change too
    expect_in_place(ada, before)


def expect_in_place(ada: NotePage, before: float) -> None:
    ada.until(lambda: read(ada.title).endswith("Done"), lambda: "the change is there")
    ada.until_drawn()
    assert abs(top_of_line(ada) - before) <= NEAR_PX


def top_of_line(ada: NotePage) -> float:
    box = ada.note.get_by_text(f"Line {LINE}.", exact=True).bounding_box()
    assert box, "the line is on the page"
    return box["y"]
