"""Text of all kinds: others read exactly the characters that one person types."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import OpenNote
from e2e.support.note_page import expect_same_text
from e2e.support.stock_clients import node_client

TEXTS = {
    "emoji": "😀 👩‍👩‍👧 🏳️‍🌈 🇩🇪",
    "combining characters": "e\u0301 a\u0308 n\u0303 q\u0307\u0323",
    "right to left": "שלום עולם, مرحبا بالعالم",
    "CJK": "你好，世界。こんにちは。안녕하세요.",
    "both directions in one line": "Ada says שלום and 你好",
}


@pytest.mark.chapter(3)
def test_text_arrives_letter_for_letter(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    written = ""
    for text in TEXTS.values():
        for writer, reader in ((ada, grace), (grace, ada)):
            writer.write(f"{text}|")
            written += f"{text}|"
            reader.expect_text(written)
    ada.expect_saved()
    alan = open_note(note, "Alan")
    alan.expect_text(written)


@pytest.mark.chapter(6)
def test_people_write_on_both_sides_of_an_emoji(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("😀")
    grace.expect_text("😀")
    ada.go_to(0)
    grace.go_to_end()
    for letter in "abc":
        ada.type(letter)
        grace.type(letter.upper())
    assert expect_same_text(ada, grace) == "abc😀ABC"
    grace.press("ArrowLeft", "ArrowLeft", "ArrowLeft", "Backspace")
    ada.expect_text("abcABC")


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize("text", ["שלום עולם abc 123", "hello עולם", "plain", "word " * 200 + "end"])
def test_the_key_for_the_end_leads_to_the_end_of_the_line(open_note: OpenNote, note: str, text: str) -> None:
    """Also in a line of two directions. In one of several rows it leads to the end of the row."""
    ada = open_note(note, "Ada")
    ada.write(text)
    ada.press("Home", "End")
    ada.type("!")
    ada.expect_text(f"{text}!")
    if "word" in text:
        ada.go_to(0)
        ada.press("End")
        ada.type("?")
        ada.until(lambda: "?" in ada.text, lambda: "the row has its end")
        assert not ada.text.endswith("?")


@pytest.mark.chapter(6)
def test_each_line_is_laid_out_in_its_own_direction(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    ada.write("To Alan:\nשלום עולם")
    for line, direction in (("To Alan:", "ltr"), ("שלום עולם", "rtl")):
        expect(ada.note.get_by_text(line)).to_have_css("direction", direction)


TYPE_ONE_BY_ONE = """async (element, units) => {
    for (const unit of units) {
        document.execCommand("insertText", false, unit)
        await new Promise(requestAnimationFrame)
    }
}"""
PASTE = """(element, text) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData("text/plain", text)
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }))
}"""
REPLACE = """(element, [from, to, text]) => {
    const node = element.querySelector(".cm-line").firstChild
    node.replaceData(from, to - from, text)
}"""
TYPE_AT_ONCE = "(element, units) => units.forEach(unit => document.execCommand('insertText', false, unit))"
FOX = ["\ud83e", "\udd8a"]  # the two halves of U+1F98A
HALVES = {
    "a pair, half by half": (TYPE_ONE_BY_ONE, FOX, "ab🦊!cd"),
    "a pair, half by half at once": (TYPE_AT_ONCE, FOX, "ab🦊!cd"),
    "two pairs, half by half": (TYPE_ONE_BY_ONE, FOX * 2, "ab🦊🦊!cd"),
    "a first half that stays alone": (TYPE_ONE_BY_ONE, FOX[:1], "ab\ufffd!cd"),
    "a second half that stays alone": (TYPE_ONE_BY_ONE, FOX[1:], "ab\ufffd!cd"),
    "halves the wrong way round": (TYPE_ONE_BY_ONE, FOX[::-1], "ab\ufffd\ufffd!cd"),
    "a letter between the halves": (TYPE_ONE_BY_ONE, [FOX[0], "x", FOX[1]], "ab\ufffdx\ufffd!cd"),
    "halves that are pasted": (PASTE, f"{FOX[0]}x{FOX[1]}y🦊", "ab\ufffdx\ufffdy🦊!cd"),
    "a half that is pasted in after the other": (PASTE, FOX[1], "ab\ufffd!cd"),
}


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize(("script", "units", "text"), HALVES.values(), ids=HALVES.keys())
def test_half_a_character_arrives_whole_or_as_a_replacement_and_typing_goes_on(
    open_note: OpenNote, note: str, script: str, units: object, text: str
) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("abcd")
    ada.press("ArrowLeft", "ArrowLeft")
    ada.note.evaluate(script, units)
    ada.type("!")
    grace.expect_text(text)
    ada.expect_text(text)
    grace.write(" on")
    ada.expect_text(f"{text} on")
    ada.write(" and on")
    assert expect_same_text(ada, grace) == f"{text} on and on"


CUTS = {
    "the second half goes": ([3, 4, ""], "ab\ufffdcd"),
    "the first half goes": ([2, 3, ""], "ab\ufffdcd"),
    "a letter comes between them": ([3, 3, "x"], "ab\ufffdx\ufffdcd"),
    "another second half comes": ([3, 4, "\udd89"], "ab🦉cd"),
    "another first half comes": ([2, 3, "\ud83d"], "ab🖊cd"),
    "half of it and a letter go": ([3, 5, ""], "ab\ufffdd"),
}


@pytest.mark.chapter(12)
@pytest.mark.app
@pytest.mark.parametrize(("change", "text"), CUTS.values(), ids=CUTS.keys())
def test_a_pair_that_a_script_cuts_on_this_page_is_read_alike_by_all(
    open_note: OpenNote, note: str, change: list[object], text: str
) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.write("ab🦊cd")
    grace.expect_text("ab🦊cd")
    ada.note.evaluate(REPLACE, change)
    grace.expect_text(text)
    with node_client(note) as client:
        ada.write(" on")
        assert expect_same_text(ada, grace) == f"{text} on"
        ada.until(lambda: client.do("text") == f"{text} on", lambda: f"the client has it, but {client.do('text')!r}")


@pytest.mark.chapter(12)
@pytest.mark.app
def test_each_line_has_its_direction_without_javascript_too(
    new_page: Callable[..., Page], open_note: OpenNote, note: str
) -> None:
    """Tests lines beside one that is too long to be laid out with the others, and that one itself."""
    long_line = "שלום " * 4000
    ada = open_note(note, "Ada")
    ada.write(f"To Alan:\nשלום עולם\n{long_line}\nYours\nעדה")
    ada.expect_saved()
    page = new_page(java_script_enabled=False)
    page.goto(note)
    ada.until(lambda: page.goto(note) is not None and page.get_by_text("Yours").count() == 1, lambda: "Django has it")
    for line, starts_at in (("To Alan:", "left"), ("שלום עולם", "right"), ("Yours", "left"), ("עדה", "right")):
        assert edge_of(page, line) == starts_at, line
    expect(page.get_by_text(long_line.strip())).to_have_css("direction", "rtl")


def edge_of(page: Page, line: str) -> str:
    """The edge of the text at which a line starts."""
    edge: str = page.get_by_text(line).first.evaluate(
        """(block, line) => {
            const text = block.firstChild, range = document.createRange()
            range.setStart(text, text.data.indexOf(line))
            range.setEnd(text, text.data.indexOf(line) + line.length)
            const box = range.getBoundingClientRect(), around = block.getBoundingClientRect()
            return box.left - around.left < around.right - box.right ? "left" : "right"
        }""",
        line,
    )
    return edge
