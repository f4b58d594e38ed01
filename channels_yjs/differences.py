"""The difference between two texts as a list of changes, and how it applies to a third one. Positions count
characters. Knows no documents."""

import math
import re
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from rapidfuzz.distance import Indel, Levenshtein, Postfix, Prefix

EFFORT = 2**31  # length times changed characters: to find so many takes 0.2 s of CPU, and Yjs 2 s to make them
BEYOND_ASCII = 4  # times as long, and also for lines
MATRIX = 2**27  # length times length: 16 MiB of memory, for two texts of 11 000 characters with nothing in common
MANY = 20  # changes in a row that may be a rewritten passage
FAR = 16  # characters: where more stay between two changes, it is not by chance
LINE_START = re.compile(r"(?<=\n)")


class Splice(NamedTuple):
    """The characters from `start` to before `end` make way for `text`."""

    start: int
    end: int
    text: str


def differences(before: str, after: str, *, is_to_be_made: bool = True) -> list[Splice]:
    """The changes that make one text into the other, from first to last. All positions are those in `before`. As few
    as possible: what is nicer to read would take out text that stays. What takes too long is replaced as a whole.

    So is, in changes that are to be made, a passage of which only stray characters would stay. Of changes that others
    have made, also these show where a place has gone."""
    start = Prefix.similarity(before, after)
    end = Postfix.similarity(before[start:], after[start:])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    effort = EFFORT if before.isascii() and after.isascii() else EFFORT // BEYOND_ASCII
    most = effort // max(len(old), len(new), 1)
    changes = list(_changes(old, new, start, most))
    if not is_to_be_made:
        return changes
    gaps = [number for number, (one, next_) in enumerate(pairwise(changes), 1) if next_.start - one.end > FAR]
    passages = (changes[first:last] for first, last in pairwise([0, *gaps, len(changes)]))
    changes = [change for passage in passages for change in _unless_rewritten(passage, before)]
    return changes if len(changes) <= most else [Splice(start, start + len(old), new)]


def _unless_rewritten(changes: list[Splice], before: str) -> list[Splice]:
    """The changes of a passage, or one of it all if they leave less than two characters between them on average."""
    stays = [before[one.end : next_.start] for one, next_ in pairwise(changes)]
    if len(changes) <= MANY or len("".join(stays)) >= 2 * len(stays):
        return changes
    text = "".join(change.text + rest for change, rest in zip(changes, [*stays, ""], strict=True))
    return [Splice(changes[0].start, changes[-1].end, text)]


def _changes(before: str, after: str, at: int, most: int) -> Iterator[Splice]:
    """The changes of the part at this place: by characters, or where more than `most` differ, line by line."""
    found = _differing(before, after, most)
    if found is not None:
        yield from (Splice(at + start, at + end, after[first:last]) for start, end, first, last in found)
        return
    old, new = LINE_START.split(before), LINE_START.split(after)
    numbers: dict[str, int] = {}  # rapidfuzz takes a line of one character for its code
    olds, news = ([numbers.setdefault(line, len(numbers)) for line in lines] for lines in (old, new))
    found = _differing(olds, news, EFFORT // BEYOND_ASCII // max(len(old), len(new)))
    if found == [(0, len(old), 0, len(new))] and len(old) == len(new):  # each line has changed, as if quoted
        found = [(number, number + 1, number, number + 1) for number in range(len(old))]
    if found is None or len(found) == 1:
        yield Splice(at, at + len(before), after)
        return
    done = 0
    for start, end, first, last in found:
        at += len("".join(old[done:start]))
        yield from _changes(part := "".join(old[start:end]), "".join(new[first:last]), at, most)
        at, done = at + len(part), end


def _differing(
    before: Sequence[Hashable], after: Sequence[Hashable], most: int
) -> list[tuple[int, int, int, int]] | None:
    """Where two texts or lists differ: from where to where, in both. None if in more than `most` places.

    By insertions and deletions alone, as long as there is memory for that: to whom one character may become another,
    [0] is one step from [1], and the words of two people are taken for one another."""
    if len(before) * len(after) <= MATRIX:
        if Indel.distance(before, after, score_cutoff=most) > most:
            return None
        parts = Indel.opcodes(before, after)
    else:
        count = Levenshtein.distance(before, after, score_cutoff=most, score_hint=0)
        if count > most:
            return None
        parts = Levenshtein.opcodes(before, after, score_hint=count)  # without the hint it may take a minute
    found: list[tuple[int, int, int, int]] = []
    for part in parts:
        if part.tag != "equal":
            start, first = part.src_start, part.dest_start
            if found and found[-1][1] == start:
                start, _, first, _ = found.pop()
            found.append((start, part.src_end, first, part.dest_end))
    return found


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
        first = bisect_left(kept, change.start, key=itemgetter(1))
        last = bisect_left(kept, change.end, key=itemgetter(0))
        for start, end, by in reversed(kept[first:last]):
            if max(change.start, start) < min(change.end, end):
                yield Splice(max(change.start, start) + by, int(min(change.end, end)) + by, "")
        if change.text:
            start, _, by = kept[first]  # before what others put there
            at = max(start, change.start) + by
            yield Splice(at, at, change.text)
