"""The text that somebody reads stays in place while others write elsewhere."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from e2e.support.bystanders import fill
from e2e.support.note_page import NotePage, read

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
    expect_to_stay(ada, grace, lambda: grace.page.keyboard.insert_text("New and rather long\n" * 1000))


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
    expect_to_stay(ada, grace, lambda: grace.page.keyboard.insert_text("A title of many words. " * 10))


def test_at_the_top_of_the_note_new_lines_come_into_view(open_note: OpenNote, note: str) -> None:
    fill(note, TEXT)
    ada, grace = open_note(note, "Ada", "Grace")
    grace.write_first("New here\n")
    expect(ada.note.get_by_text("New here")).to_be_in_viewport()


def expect_to_stay(ada: NotePage, grace: NotePage, change: Callable[[], None]) -> None:
    before = top_of_line(ada)
    change()
    grace.write_title("Done")  # the title comes after the change, so a page that has the title has the change too
    ada.until(lambda: read(ada.title).endswith("Done"), lambda: "the change is there")
    ada.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert abs(top_of_line(ada) - before) <= NEAR_PX


def top_of_line(ada: NotePage) -> float:
    box = ada.note.get_by_text(f"Line {LINE}.", exact=True).bounding_box()
    assert box, "the line is on the page"
    return box["y"]
