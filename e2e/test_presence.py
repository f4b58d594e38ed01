"""The people here, their cursors, and the people who have left."""

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage

NEAR_PX = 10


@pytest.mark.chapter(8)
def test_everybody_sees_who_is_here(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.expect_people("Ada", "Grace")
    alan = open_note(note, "Alan")
    for person in (ada, grace, alan):
        person.expect_people("Ada", "Grace", "Alan")


@pytest.mark.chapter(8)
def test_who_closes_the_browser_is_gone_for_all_before_twenty_letters(open_note: OpenNote, note: str) -> None:
    """Each letter is typed when the one before has been seen, so a slow machine takes its time for both."""
    ada, grace, alan = open_note(note, "Ada", "Grace", "Alan")
    ada.expect_people("Ada", "Grace", "Alan")
    alan.expect_people("Ada", "Grace", "Alan")
    grace.page.context.close()
    for number in range(1, 21):
        ada.write("x")
        alan.expect_text("x" * number)
    assert sorted(ada.names) == ["Ada (you)", "Alan"]
    assert sorted(alan.names) == ["Ada", "Alan (you)"]


@pytest.mark.chapter(8)
def test_a_new_name_is_seen_at_once_and_kept(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.page.goto(note)  # without a lent name, so that the page chooses and keeps one
    ada.expect_live()
    expect(ada.my_name).to_be_visible()
    ada.my_name.fill("Countess Lovelace")
    ada.name = "Countess Lovelace"
    grace.expect_people("Countess Lovelace", "Grace")
    ada.page.reload()
    ada.expect_live()
    expect(ada.my_name).to_have_value("Countess Lovelace")
    grace.expect_people("Countess Lovelace", "Grace")


@pytest.mark.chapter(8)
def test_a_name_is_chosen_for_who_has_none(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    ada.page.goto(note)
    ada.expect_live()
    expect(ada.my_name).to_be_visible()
    name = ada.my_name.input_value()
    assert len(name.split()) == 2, f"two friendly words, not {name!r}"
    ada.name = name
    ada.expect_people(name)


@pytest.mark.chapter(12)
@pytest.mark.app
def test_who_deletes_a_name_letter_by_letter_and_writes_none_keeps_it(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.my_name.press("End")
    for _ in "Ada":
        ada.press("Backspace")
    ada.press("Tab")
    expect(ada.my_name).to_have_value("Ada")
    grace.expect_people("Ada", "Grace")


@pytest.mark.chapter(8)
def test_each_sees_the_cursor_of_the_other_and_it_moves(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("Ada is here")
    expect(grace.cursor_of("Ada")).to_be_attached()
    expect(ada.cursor_of("Ada")).to_have_count(0)
    grace.until(lambda: is_after_text(grace, "Ada"), lambda: "Ada's cursor is behind her words")
    ada.press("Home")
    grace.until(lambda: is_before_text(grace, "Ada"), lambda: "Ada's cursor moves to the start of the line")
    grace.write("!")
    ada.expect_text("Ada is here!")
    expect(ada.cursor_of("Grace")).to_be_attached()


@pytest.mark.chapter(12)
@pytest.mark.app
def test_a_cursor_is_seen_where_it_is_also_when_its_person_looks_elsewhere(open_note: OpenNote, note: str) -> None:
    """What others write right at it stands behind it, in their windows as in its own."""
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("Ada was here")
    ada.press("Home")
    ada.my_name.focus()
    grace.until(lambda: is_before_text(grace, "Ada"), lambda: "Ada's cursor is at the start of the line")
    grace.write_first("Grace and ")
    ada.expect_text("Grace and Ada was here")
    assert is_before_text(grace, "Ada")
    ada.note.focus()
    ada.type("* ")
    grace.expect_text("* Grace and Ada was here")


def offset_of_cursor(person: NotePage, name: str) -> float | None:
    """The distance of a cursor from the note's left edge, in CSS pixels."""
    cursor, note = person.cursor_of(name).bounding_box(), person.note.bounding_box()
    return cursor["x"] - note["x"] if cursor and note else None


def is_after_text(person: NotePage, name: str) -> bool:
    return (offset_of_cursor(person, name) or 0) > NEAR_PX


def is_before_text(person: NotePage, name: str) -> bool:
    offset = offset_of_cursor(person, name)
    return offset is not None and offset < NEAR_PX


@pytest.mark.chapter(8)
def test_a_selection_is_seen_by_the_others(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("Look at this")
    ada.press("Shift+Home")
    expect(grace.page.locator(".remote-selection")).not_to_have_count(0)
    ada.press("End")
    expect(grace.page.locator(".remote-selection")).to_have_count(0)


@pytest.mark.chapter(9)
def test_who_goes_off_line_has_left_and_comes_back(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    for _ in range(2):
        ada.go_offline()
        grace.expect_people("Grace")
        ada.expect_people("Ada")
        ada.go_online()
        grace.expect_people("Ada", "Grace")
        ada.expect_people("Ada", "Grace")


@pytest.mark.chapter(8)
def test_a_name_is_text_and_never_markup(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    expect(ada.my_name).to_be_visible()
    ada.my_name.fill("<img src=x onerror=alert(1)>")
    ada.write("x")
    expect(grace.cursor_of("<img")).to_be_attached()
    expect(grace.people.filter(has_text="<img src=x onerror=alert(1)>")).to_have_count(1)
