from hypothesis import given
from hypothesis import strategies as st

from channels_yjs.differences import Splice, differences, moved

TEXTS = st.text(st.sampled_from("ab \n😀é"), max_size=12)


def made(text: str, splices: list[Splice]) -> str:
    """A text after changes that are made one after the other."""
    for start, end, new in splices:
        text = text[:start] + new + text[end:]
    return text


@given(TEXTS, TEXTS)
def test_the_changes_make_one_text_into_the_other(before: str, after: str) -> None:
    assert made(before, differences(before, after)[::-1]) == after


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
