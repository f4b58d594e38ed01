"""The connection dies and comes back; the promise of "Saved"."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage, expect_same_text
from tools.patience import patience


@pytest.mark.chapter(9)
def test_both_write_off_line_and_nothing_is_lost_when_they_come_back(open_note: OpenNote, note: str) -> None:
    """The lost update: when whole texts are sent to and fro, one of the two vanishes."""
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("Together. ")
    grace.expect_text("Together. ", patience.seconds)
    ada.go_offline()
    grace.go_offline()
    ada.write("Ada alone. ")
    grace.write_first("Grace alone. ")
    assert (ada.text, grace.text) == ("Together. Ada alone. ", "Grace alone. Together. ")
    ada.go_online()
    grace.go_online()
    assert expect_same_text(ada, grace) == "Grace alone. Together. Ada alone. "


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.line_is_cut
def test_who_loses_the_network_is_told_at_once(
    open_note: OpenNote, note: str, prepare: list[Callable[[Page], None]]
) -> None:
    """A browser does not close its sockets then. The page's clock stands still, so that it has only the event."""
    prepare.append(lambda page: page.clock.install(time=0))
    ada = open_note(note, "Ada")
    ada.page.clock.pause_at(ada.page.evaluate("Date.now() / 1000") + 1)
    ada.page.context.set_offline(True)
    ada.expect_offline()


@pytest.mark.chapter(9)
def test_going_off_line_really_cuts_the_line(open_note: OpenNote, note: str) -> None:
    """Alan's words are the fence: they reach Grace, and not Ada, who is offline. His second ones come when the first
    have gone to everybody."""
    ada, grace, alan = open_note(note, "Ada", "Grace", "Alan")
    ada.go_offline()
    alan.write("Ada cannot see this")
    grace.expect_text("Ada cannot see this")
    alan.write(", nor this")
    grace.expect_text("Ada cannot see this, nor this")
    assert ada.text == ""
    ada.go_online()
    ada.expect_text("Ada cannot see this, nor this")


@pytest.mark.chapter(9)
def test_changes_are_saving_then_saved_and_off_line_not_sent(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    expect(ada.changes).to_have_text("Saved")
    ada.write("Kept")
    ada.expect_saved()
    ada.go_offline()
    expect(ada.changes).to_have_text("Saved")
    ada.write(" in this page")
    expect(ada.changes).to_have_text("Not sent yet")
    ada.go_online()
    ada.expect_saved()


@pytest.mark.chapter(3)
def test_who_reloads_while_typing_loses_nothing(open_note: OpenNote, note: str) -> None:
    """The reload follows the last key at once, without waiting for Saved: text typed online is on its way."""
    ada, grace = open_note(note, "Ada", "Grace")
    written = ""
    for number in range(4):
        ada.write(f"Round {number}. ")
        written += f"Round {number}. "
        ada.reload()
        ada.expect_text(written)
    grace.expect_text(written)


@pytest.mark.chapter(9)
def test_leaving_with_unsent_changes_asks_first(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    ada.go_offline()
    ada.write("Not sent")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    ada.page.once("dialog", stay)
    ada.page.close(run_before_unload=True)
    ada.until(lambda: asked == ["beforeunload"], lambda: "the browser asks")
    ada.expect_text("Not sent")
    ada.go_online()
    ada.expect_saved()


@pytest.mark.chapter(9)
def test_titles_written_off_line_merge_too(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.go_offline()
    ada.write_title("Ada's")
    grace.write_title("Grace's")
    ada.go_online()
    both_in_title(ada, grace)


def both_in_title(*people: NotePage) -> None:
    first = people[0]
    expect(first.title).to_contain_text("Ada's")
    expect(first.title).to_contain_text("Grace's")
    for person in people:
        person.expect_title(first.title.inner_text())
