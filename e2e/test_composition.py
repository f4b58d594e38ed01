"""People who write with an input method compose a word in the text before it is final, and others write meanwhile."""

import time
from collections.abc import Callable

import pytest

from e2e.conftest import OpenNote
from e2e.support.note_page import NotePage, expect_same_text
from tools.patience import patience

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]


class InputMethod:
    """The events that the operating system sends while somebody converts kana to kanji."""

    def __init__(self, person: NotePage) -> None:
        self._browser = person.page.context.new_cdp_session(person.page)

    def compose(self, *texts: str) -> None:
        for text in texts:
            at_end = {"selectionStart": len(text), "selectionEnd": len(text)}
            self._browser.send("Input.imeSetComposition", {"text": text, **at_end})

    def commit(self, text: str) -> None:
        self._browser.send("Input.insertText", {"text": text})


def insert(position: int, text: str = "X") -> Callable[[NotePage], None]:
    def act(grace: NotePage) -> None:
        grace.go_to(position)
        grace.type(text)

    return act


def delete(position: int, count: int = 1) -> Callable[[NotePage], None]:
    def act(grace: NotePage) -> None:
        grace.go_to(position)
        grace.press(*["Shift+ArrowRight"] * count, "Delete")

    return act


# The note reads "top\nab" + にほん + "cd\nend" when Grace acts, and Kana converts にほん to 日本 afterwards.
COMPOSED = len("top\nab")
MEANWHILE = {
    "at the start of the line": (insert(4), "top\nXab日本cd\nend"),
    "in the middle of the line": (insert(5), "top\naXb日本cd\nend"),
    "right before the word": (insert(COMPOSED), "top\nabX日本cd\nend"),
    "right after the word": (insert(COMPOSED + 3), "top\nab日本Xcd\nend"),
    "at the end of the line": (insert(COMPOSED + 5), "top\nab日本cdX\nend"),
    "on the line above": (insert(0), "Xtop\nab日本cd\nend"),
    "on the line below": (insert(COMPOSED + 6), "top\nab日本cd\nXend"),
    "a line above": (insert(0, "X\n"), "X\ntop\nab日本cd\nend"),
    "a break before the word": (insert(COMPOSED, "\n"), "top\nab\n日本cd\nend"),
    "deleted at the start of the line": (delete(4), "top\nb日本cd\nend"),
    "deleted right before the word": (delete(COMPOSED - 1), "top\na日本cd\nend"),
    "deleted right after the word": (delete(COMPOSED + 3), "top\nab日本d\nend"),
    "the line joined to the one above": (delete(3), "topab日本cd\nend"),
    "the word itself deleted": (delete(COMPOSED, 3), "top\nab日本cd\nend"),
    "all from before the word to behind it": (delete(COMPOSED - 1, 5), "top\na日本d\nend"),
}


def ready_to_compose(open_note: OpenNote, note: str, name: str, text: str) -> tuple[NotePage, NotePage, InputMethod]:
    """Somebody with an input method, whose caret is where they will compose, and Grace, who has written the text."""
    person, grace = open_note(note, name, "Grace")
    grace.write(text)
    person.expect_text(text)
    person.go_to(COMPOSED)
    return person, grace, InputMethod(person)


def stop_the_clock(person: NotePage) -> None:
    """Ten seconds without a letter would show what is held back, whether the word is done or not."""
    person.page.evaluate("() => { performance.now = () => 0 }")


def expect_sent(grace: NotePage, kana: NotePage) -> None:
    """Kana's page has been sent what Grace wrote before: titles are not held back."""
    grace.write_title("!")
    kana.expect_title("!")


@pytest.mark.parametrize(("act", "text"), MEANWHILE.values(), ids=MEANWHILE.keys())
def test_a_word_that_is_composed_while_others_write_is_there_once(
    open_note: OpenNote, note: str, act: Callable[[NotePage], None], text: str
) -> None:
    kana, grace, input_method = ready_to_compose(open_note, note, "Kana", "top\nabcd\nend")
    stop_the_clock(kana)
    input_method.compose("に", "にほ", "にほん")
    grace.expect_text("top\nabにほんcd\nend")
    before = grace.text
    act(grace)
    grace.until(lambda: grace.text != before, lambda: "Grace has written")
    expect_sent(grace, kana)
    input_method.compose("日本")
    input_method.commit("日本")
    kana.expect_text(text)
    kana.type("!")
    grace.expect_text(text.replace("日本", "日本!"))
    assert expect_same_text(kana, grace) == text.replace("日本", "日本!")


def test_syllables_that_are_composed_one_after_another_are_there_once(open_note: OpenNote, note: str) -> None:
    """Korean works like this: the next composition begins where the one before has ended."""
    kim, grace, input_method = ready_to_compose(open_note, note, "Kim", "top\nabcd")
    for syllable, (parts, position) in {"한": (("ㅎ", "하", "한"), 0), "국": (("ㄱ", "구", "국"), 5)}.items():
        input_method.compose(*parts)
        grace.expect_in_text(syllable)
        insert(position)(grace)
        input_method.commit(syllable)
    for person in (kim, grace):
        person.expect_text("Xtop\nXab한국cd")
    kim.type("!")
    assert expect_same_text(grace, kim) == "Xtop\nXab한국!cd"


def test_what_was_held_back_is_shown_while_others_write_on(open_note: OpenNote, note: str) -> None:
    """That somebody else writes elsewhere is no reason to go on waiting for a word that is done."""
    kana, grace, input_method = ready_to_compose(open_note, note, "Kana", "top\nabcd\nend")
    stop_the_clock(kana)
    input_method.compose("に", "にほ", "にほん")
    grace.expect_in_text("にほん")
    insert(4)(grace)
    expect_sent(grace, kana)
    assert "Xab" not in kana.text
    input_method.commit("日本")
    kana.type(" ")
    letters, deadline = 0, time.monotonic() + patience.seconds
    grace.go_to_end()
    while "Xab" not in kana.text:
        grace.type("+")  # more often than Kana's page looks whether the word is done
        letters += 1
        assert time.monotonic() < deadline, "Kana sees nothing while Grace goes on writing."
    assert expect_same_text(kana, grace) == f"top\nXab日本 cd\nend{'+' * letters}"


def test_an_undo_in_the_middle_of_a_word_shows_what_was_held_back(open_note: OpenNote, note: str) -> None:
    kana, grace, input_method = ready_to_compose(open_note, note, "Kana", "top\nabcd")
    stop_the_clock(kana)
    input_method.compose("に", "にほ", "にほん")
    grace.expect_in_text("にほん")
    grace.go_to(4)
    grace.type("X" * 40)
    expect_sent(grace, kana)
    assert "X" not in kana.text
    undo = kana.page.get_by_role("button", name="Undo")
    undo.evaluate("button => button.click()")  # as on a phone: the focus stays in the text
    kana.expect_in_text("X" * 40)
    kana.page.get_by_role("button", name="Redo").evaluate("button => button.click()")
    input_method.commit("日本")
    assert "X" * 40 in expect_same_text(kana, grace)
