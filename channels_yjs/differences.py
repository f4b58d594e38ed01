"""The difference between two texts as a list of changes, and how it applies to a third one. Positions count
characters. Knows no documents."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from diff_match_patch import diff_match_patch


class Splice(NamedTuple):
    """The characters from `start` to before `end` make way for `text`."""

    start: int
    end: int
    text: str


def differences(before: str, after: str) -> list[Splice]:
    """The changes that make one text into the other, from first to last. All positions are those in `before`. As few
    as possible: what is nicer to read would take out text that stays."""
    compare = diff_match_patch()
    found = compare.diff_main(before, after)
    splices: list[Splice] = []
    at = 0
    for kind, text in found:
        if kind == compare.DIFF_EQUAL:
            at += len(text)
            continue
        start, _, new = splices.pop() if splices and splices[-1].end == at else Splice(at, at, "")
        if kind == compare.DIFF_DELETE:
            at += len(text)
        splices.append(Splice(start, at, new + (text if kind == compare.DIFF_INSERT else "")))
    return splices


def moved(changes: list[Splice], others: list[Splice]) -> Iterator[Splice]:
    """The changes of a text for its state after the changes of `others`, from last to first, so that each can be made
    as it comes. What others wrote stays, also in the middle of what is deleted."""
    kept: list[tuple[int, float, int]] = []  # parts of the text that others left: start, end, and how far it moved
    start = shift = 0
    for other in others:
        kept.append((start, other.start, shift))
        start, shift = other.end, shift + len(other.text) - (other.end - other.start)
    kept.append((start, math.inf, shift))
    for change in reversed(changes):
        parts = [(max(change.start, start), min(change.end, end), by) for start, end, by in kept]
        for first, last, by in reversed(parts):
            if first < last:
                yield Splice(first + by, int(last) + by, "")
        if change.text:
            start, _, by = next(part for part in kept if change.start <= part[1])  # before what others put there
            at = max(start, change.start) + by
            yield Splice(at, at, change.text)
