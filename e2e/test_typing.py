"""Several people write in one note."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import CreateNote, OpenNote
from e2e.support.note_page import TO_START, NotePage, expect_same_text
from e2e.support.slow_lines import Held, SlowLines
from tools.app_server import AppServer

WRITTEN_ON_MS = 200
SAYS_SAVED = re.compile(rb'\{"saved"|f')  # how an answer begins: in JSON, and as message 102


@pytest.mark.chapter(2)
def test_the_server_answers_what_is_written(page: Page, note: str) -> None:
    heard: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(frame)))
    ada = NotePage(page, "Ada", note)
    page.goto(note)
    ada.expect_live()
    already = len(heard)
    ada.type_at_end("Hello?")
    ada.until(lambda: len(heard) > already, lambda: "the server says something")


@pytest.mark.chapter(3)
def test_typing_appears_at_the_other_side_while_it_is_typed(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.go_to_end()
    written = ""
    for word in ("Hello ", "Grace, ", "can ", "you ", "read ", "this?"):
        ada.type(word)
        written += word
        grace.expect_text(written)


def write_until_answered(person: NotePage, text: str, answers: Held) -> None:
    """Writes, and waits until the server has said that something is saved, which does not come yet."""
    person.type_at_end(text)
    person.until(
        lambda: any(SAYS_SAVED.match(said) for said in answers.messages),
        lambda: "the server says that something is saved",
    )


@pytest.mark.early
@pytest.mark.chapter(3)
def test_what_the_server_says_late_undoes_nothing(open_note: OpenNote, note: str, slow_lines: SlowLines) -> None:
    """Over a slow line, what Ada wrote first is answered when she has written on."""
    ada = open_note(note, "Ada")
    with slow_lines.from_server as answers:
        write_until_answered(ada, "Hello", answers)
        heard = 0
        while heard < len(answers.waiting):  # until it has said all
            heard = len(answers.waiting)
            ada.page.wait_for_timeout(WRITTEN_ON_MS)
        ada.type(" again")
        answers.release()
        ada.page.wait_for_timeout(WRITTEN_ON_MS)
        ada.type("!")
    ada.expect_saved()
    ada.expect_text("Hello again!")


@pytest.mark.chapter(3)
def test_saved_is_not_said_of_what_is_on_its_way(open_note: OpenNote, note: str, slow_lines: SlowLines) -> None:
    """What Ada wrote first has come, and the answer to it comes when she has written on."""
    ada = open_note(note, "Ada")
    with slow_lines.from_server as answers:
        write_until_answered(ada, "Here, ", answers)
        with slow_lines.from_pages:
            ada.type("and on its way")
            ada.note_words_of(ada.changes)
            answers.release()
            ada.until_drawn()
            assert "Saved" not in ada.page.evaluate("window.noted")
    ada.expect_saved()


@pytest.mark.chapter(3)
def test_a_late_joiner_sees_the_whole_note(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    ada.type_at_end("First line\nSecond line")
    ada.expect_saved()
    grace = open_note(note, "Grace")
    grace.expect_text("First line\nSecond line")


@pytest.mark.chapter(3)
def test_both_write_in_title_and_body(open_note: OpenNote, create_note: CreateNote) -> None:
    ada, grace = open_note(create_note("Plans"), "Ada", "Grace")
    ada.expect_title("Plans")
    ada.go_to_end_of_title()
    ada.type(" for Monday")
    grace.expect_title("Plans for Monday")
    grace.type_at_end("Tea at four")
    ada.expect_text("Tea at four")
    grace.go_to_end_of_title()
    grace.type(" and Tuesday")
    ada.expect_title("Plans for Monday and Tuesday")


@pytest.mark.chapter(10)
def test_the_server_logs_who_came_and_never_what_they_wrote(
    open_note: OpenNote, create_note: CreateNote, server: AppServer
) -> None:
    ada = open_note(create_note("Confidential title"), "Ada")
    ada.type_at_end("Confidential text")
    ada.expect_saved()
    assert re.search("connect (owner=notes.)?note[=/]", server.log)  # in the app, or in the tutorial's chapters
    assert "onfidential" not in server.log


@pytest.mark.chapter(3)
def test_notes_do_not_mix(open_note: OpenNote, create_note: CreateNote) -> None:
    """A fence proves that nothing arrives: Alan's later words have arrived."""
    one, other = create_note("One"), create_note("Other")
    ada, grace, alan = open_note(one, "Ada"), open_note(other, "Grace"), open_note(other, "Alan")
    ada.type_at_end("Only for note one")
    ada.expect_saved()
    alan.type_at_end("The fence")
    grace.expect_text("The fence")


@pytest.mark.chapter(6)
def test_three_people_write_at_once_in_one_line(open_note: OpenNote, note: str, slow_lines: SlowLines) -> None:
    people = open_note(note, "Ada", "Grace", "Alan")
    with slow_lines.from_server:  # nobody sees what the others write before all have written
        for number in range(4):
            for person in people:
                person.type_at_end(f"{person.name}{number} ")
    words = expect_same_text(*people).split()
    assert sorted(words) == sorted(f"{person.name}{number}" for person in people for number in range(4))


@pytest.mark.chapter(6)
def test_undo_takes_back_my_own_changes_only(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("Ada wrote this. ")  # in one step, to be undone in one step
    grace.expect_text("Ada wrote this. ")
    grace.write("Grace wrote this. ")
    ada.expect_text("Ada wrote this. Grace wrote this. ")
    undo = ada.page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    undo.click()
    grace.expect_text("Grace wrote this. ")
    ada.page.get_by_role("button", name="Redo").click()
    grace.expect_text("Ada wrote this. Grace wrote this. ")
    grace.press("ControlOrMeta+z")
    ada.expect_text("Ada wrote this. ")


def never_pause(person: NotePage) -> None:
    """On their page no time passes: a pause of half a second would end what one undo takes back."""
    person.page.clock.set_fixed_time("2026-01-31")
    person.reload()


@pytest.mark.chapter(12)
@pytest.mark.app
def test_undo_goes_back_word_by_word(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    never_pause(ada)
    words = ["never ", "a ", "pause ", "in ", "all ", "of ", "this\n", "which ", "is ", "typed ", "at ", "once"]
    states = ["".join(words[:end]) for end in range(len(words) + 1)]
    ada.type_at_end(states[-1])
    for state in reversed(states[:-1]):
        ada.press("ControlOrMeta+z")
        ada.expect_text(state)
    for state in states[1:]:
        ada.press("ControlOrMeta+y")
        ada.expect_text(state)


@pytest.mark.chapter(12)
@pytest.mark.app
def test_undo_never_reaches_across_two_fields(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    never_pause(ada)
    ada.go_to_end_of_title()
    ada.type("Title")
    ada.press("Enter")
    ada.type("Text")
    ada.press("ControlOrMeta+z")
    ada.expect_text("")
    ada.expect_title("Title")
    ada.press("ControlOrMeta+z")
    ada.expect_title("")


@pytest.mark.chapter(12)
@pytest.mark.app
def test_undo_takes_each_of_several_kinds_of_change_by_itself(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    never_pause(ada)
    states = [""]

    def after(*keys: str) -> None:
        ada.press(*keys)
        states.append(ada.text)

    ada.go_to_end()
    after(*"word")
    ada.paste("pasted")
    ada.expect_text("wordpasted")
    states.append(ada.text)
    after(*"typed")
    after("Backspace", "Backspace", "Backspace")
    ada.press(TO_START)
    after(*"first")
    ada.press("ArrowRight", "ArrowLeft")  # away and back: the next text is a step of its own
    after(*"more")
    ada.press("Shift+ArrowLeft")
    after(*"instead")
    assert states[-1] == "firstmorinsteadwordpastedty"
    for state in reversed(states[:-1]):
        ada.press("ControlOrMeta+z")
        ada.expect_text(state)


@pytest.mark.chapter(12)
@pytest.mark.app
def test_a_text_without_spaces_is_undone_in_pieces(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    text = "天地玄黄宇宙洪荒日月盈昃辰宿列张" * 8
    ada.go_to_end()
    for letter in text:
        ada.insert(letter)
    ada.expect_text(text)
    ada.press("ControlOrMeta+z")
    ada.until(lambda: ada.text != text, lambda: "something is taken back")
    assert len(text) - len(ada.text) <= len(text) / 4


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize("field", ["Title", "Note"])
def test_a_phone_helps_with_writing_as_in_any_text_field(page: Page, note: str, field: str) -> None:
    page.goto(note)
    editor = page.get_by_role("textbox", name=field, exact=True)
    for name, value in {"autocapitalize": "sentences", "autocorrect": "on", "writingsuggestions": "true"}.items():
        expect(editor).to_have_attribute(name, value)
    expect(editor).to_have_attribute("spellcheck", "true")


@pytest.mark.chapter(12)
@pytest.mark.app
def test_ctrl_s_says_that_all_is_saved(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    answer = ada.page.get_by_role("status", name="Answer")
    ada.page.evaluate(
        "document.addEventListener('keydown', ({ key, defaultPrevented }) => {"
        " if (key === 's') document.body.dataset.prevented = defaultPrevented })"
    )
    ada.type_at_end("Text")
    ada.expect_saved()
    ada.note_words_of(answer)
    ada.press("Control+s")
    ada.expect_noted("Everything is saved already.")
    expect(ada.page.locator("body")).to_have_attribute("data-prevented", "true")
    expect(answer).to_have_text("")
    ada.go_offline()
    ada.type_at_end("More")
    ada.press("Meta+s")
    ada.expect_noted("Not saved yet: this page is offline.")
    ada.expect_text("TextMore")
    ada.go_online()
    ada.expect_saved()


@pytest.mark.chapter(6)
def test_the_title_stays_one_line(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.title.focus()
    ada.paste("One\nline\r\n only")
    grace.expect_title("One line only")
    ada.press("Enter")
    ada.type("In the note")
    grace.expect_text("In the note")


@pytest.mark.chapter(3)
def test_lines_pasted_by_the_thousand_arrive(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.go_to_end()
    ada.paste("\n".join(f"Line {number} of many" for number in range(10_000)))
    ada.expect_saved()
    grace.expect_in_text("Line 0 of many")
    grace.go_to_end()
    grace.expect_in_text("Line 9999 of many")
    grace.type(" and one more")
    ada.go_to_end()
    ada.expect_in_text("Line 9999 of many and one more")
