import random
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_yjs import differences as module
from channels_yjs.differences import Splice, differences, moved

TEXTS = st.text(st.sampled_from("ab \n😀é"), max_size=12)
LINES = st.lists(st.sampled_from(["Tea\n", "Milk\n", "> Tea\n", "\n", "\0", "é", "😀\r", "ab" * 9]), max_size=12).map(
    "".join
)
LIMITS = st.fixed_dictionaries(
    {"EFFORT": st.sampled_from([0, 20, 60, 200, 2000]), "MANY": st.integers(0, 3), "FAR": st.integers(0, 3)}
)


def made(text: str, splices: list[Splice]) -> str:
    """A text after changes that are made one after the other."""
    for start, end, new in splices:
        text = text[:start] + new + text[end:]
    return text


@given(TEXTS, TEXTS)
def test_the_changes_make_one_text_into_the_other(before: str, after: str) -> None:
    assert made(before, differences(before, after)[::-1]) == after


@given(LINES, LINES, LIMITS)
def test_so_do_those_of_texts_that_are_too_long_to_be_compared_by_characters(
    before: str, after: str, limits: dict[str, Any]
) -> None:
    with mock.patch.multiple(module, **limits):
        changes = differences(before, after)
    assert made(before, changes[::-1]) == after
    ends = [end for change in changes for end in change[:2]]
    assert ends == sorted(ends)


def prose(seed: int, words: int) -> str:
    """Twelve words to a line."""
    chance = random.Random(seed)
    letters = ("".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(words))
    return "".join(word + ("\n" if number % 12 == 0 else " ") for number, word in enumerate(letters, 1))


def test_a_letter_that_is_replaced_all_over_a_long_text_leaves_everything_else() -> None:
    before = prose(1, 10_000)
    changes = differences(before, before.replace("a", "ä"))
    assert sum(end - start for start, end, _ in changes) == before.count("a")
    assert {change.text.strip("ä") for change in changes} == {""}


@pytest.mark.parametrize("words", [100, 1000, 20_000])
@pytest.mark.parametrize("others", [100, 1000, 20_000])
def test_a_rewritten_text_is_replaced_as_a_whole(words: int, others: int) -> None:
    """Nearly: its first and last characters may be the same by chance."""
    before, after = prose(1, words), prose(2, others)
    [change] = differences(before, after)
    assert change.end - change.start > len(before) - 10


def test_a_rewritten_passage_is_replaced_as_a_whole_and_what_is_around_it_stays() -> None:
    start, end = prose(3, 2000), prose(4, 2000)
    before = f"{start}Tea.\n{prose(1, 500)}\nMilk.\n{end}"
    after = f"Plans. {start}Tea.\n{prose(2, 500)}\nMilk.\n{end}Done."
    [one, passage, other] = differences(before, after)
    assert (one.text, other.text) == ("Plans. ", "Done.")
    assert passage.start >= len(start)
    assert passage.end <= len(before) - len(end)


def test_a_passage_that_others_wrote_anew_letter_by_letter_keeps_the_place_of_a_change() -> None:
    """They have put it into capitals."""
    before = prose(1, 30) + "a picnic " + prose(2, 30)
    at = before.index("picnic")
    change = Splice(at, at, "small ")
    for_others = differences(before, before.upper(), is_to_be_made=False)
    assert made(before.upper(), list(moved([change], for_others))) == before.upper().replace("PICNIC", "small PICNIC")
    assert len(differences(before, before.upper())) == 1


def test_a_line_of_one_character_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EFFORT", 60)
    before, after = "aaaaaaaaaaaaa\ncd\ne\n", "xbbbbbbbbb\ncd\nf\n\0"
    assert made(before, differences(before, after)[::-1]) == after


def test_a_long_text_of_which_each_line_is_quoted_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many characters have changed to look for them in the text as a whole, but not in a line."""
    before = prose(1, 2400)
    after = "".join(f"> {line}" for line in before.splitlines(keepends=True))
    monkeypatch.setattr(module, "EFFORT", 300 * len(after))
    changes = differences(before, after)
    assert [change.text for change in changes] == ["> "] * 200
    assert made(before, changes[::-1]) == after


def test_more_changes_than_can_be_made_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prose(1, 2400)
    monkeypatch.setattr(module, "EFFORT", 300 * len(before))
    assert len(differences(before, before.replace("e", "ë"))) == 1


@given(TEXTS, TEXTS)
def test_changes_move_with_the_text(before: str, after: str) -> None:
    changes = differences(before, after)
    assert made(before, list(moved(changes, []))) == after
    end = len(before)
    assert made(f"{before}>", list(moved(changes, [Splice(end, end, ">")]))) == f"{after}>"


@given(st.lists(st.sampled_from("abcdef"), max_size=8), st.data())
def test_what_others_wrote_stays(words: list[str], data: st.DataObject) -> None:
    """One deletes and inserts, another only inserts: all of the other's words are there afterwards, in order, and
    nothing that the one deleted."""
    before = "".join(words)
    at = sorted(data.draw(st.lists(st.integers(0, len(before)), max_size=3, unique=True)))
    others = [Splice(place, place, f"[{number}]") for number, place in enumerate(at)]
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, len(before)))
    now = made(before, others[::-1])
    after = made(now, list(moved([Splice(start, end, "NEW")], others)))
    inserted = [after.index(f"[{number}]") for number in range(len(at))]
    assert inserted == sorted(inserted)
    left = after.replace("NEW", "")
    for number in range(len(at)):
        left = left.replace(f"[{number}]", "")
    assert left == before[:start] + before[end:]
    assert after.count("NEW") == 1
