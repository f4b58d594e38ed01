"""Text of all kinds: what one types is what the other reads, letter for letter."""

import pytest
from playwright.sync_api import expect

from e2e.conftest import OpenNote
from e2e.note_page import expect_same_text

TEXTS = {
    "emoji": "😀 👩‍👩‍👧 🏳️‍🌈 🇩🇪",
    "combining characters": "e\u0301 a\u0308 n\u0303 q\u0307\u0323",
    "right to left": "שלום עולם, مرحبا بالعالم",
    "CJK": "你好，世界。こんにちは。안녕하세요.",
    "both directions in one line": "Ada says שלום and 你好",
}


@pytest.mark.chapter(3)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_arrives_letter_for_letter(open_note: OpenNote, note: str, text: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.go_to_end()
    ada.page.keyboard.insert_text(text)
    grace.expect_text(text)
    grace.go_to_end()
    grace.page.keyboard.insert_text(f" {text}")
    ada.expect_text(f"{text} {text}")
    ada.expect_saved()
    alan = open_note(note, "Alan")
    alan.expect_text(f"{text} {text}")


@pytest.mark.chapter(6)
def test_people_write_on_both_sides_of_an_emoji(open_note: OpenNote, note: str) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    ada.go_to_end()
    ada.page.keyboard.insert_text("😀")
    grace.expect_text("😀")
    ada.go_to(0)
    grace.go_to_end()
    for letter in "abc":
        ada.type(letter)
        grace.type(letter.upper())
    assert expect_same_text(ada, grace) == "abc😀ABC"
    grace.press("ArrowLeft", "ArrowLeft", "ArrowLeft", "Backspace")
    ada.expect_text("abcABC")


@pytest.mark.chapter(6)
def test_each_line_is_laid_out_in_its_own_direction(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada")
    ada.go_to_end()
    ada.page.keyboard.insert_text("To Alan:\nשלום עולם")
    for line, direction in (("To Alan:", "ltr"), ("שלום עולם", "rtl")):
        expect(ada.note.get_by_text(line)).to_have_css("direction", direction)
