"""The few lines in which a reader's files differ from the chapter's: those that may explain a failure.

A line is compared with the one that it resembles most, since it may be that one with a slip in it. A reader in the
middle of a chapter has much of the one before and much of this one; first comes what is in neither of them.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tutorial.progress import read_leniently
from tutorial.steps import changes, load_steps, project, read

from .statements import Line, read_statements

STYLE_SHEET = "notes/static/notes/notes.css"  # no difference in it explains a failure
ALIKE = 0.5  # from 0 to 1; below it, two lines are not the same one with a slip
INDENT = "    "


@dataclass(frozen=True)
class Difference:
    """One line, or a missing file if it has no line. `yours` or `theirs` is None where there is no such line."""

    path: str
    line: int  # in the reader's file; of what is missing, that of the line before
    yours: str | None
    theirs: str | None
    is_under_way: bool = False  # the next chapter has it like this: the reader may be typing it


def find_differences(folder: Path, chapter: int, failing: int) -> list[Difference]:
    """In the files that the failing chapter changes; if there are none, in those of the newest chapter that has some.
    Those that look like slips come first, and last those that the next chapter explains."""
    nearby = [project(number) for number in (chapter, chapter + 1) if number <= len(load_steps())]
    for number in [failing, *range(chapter, 0, -1)]:
        paths = [change.path for change in changes(number) if change.path != STYLE_SHEET]
        if found := [difference for path in paths for difference in differences_in(folder, path, nearby)]:
            return sorted(found, key=lambda one: (one.is_under_way, (one.yours is None) + 2 * (one.theirs is None)))
    return []


def differences_in(folder: Path, path: str, nearby: list[dict[str, Path]]) -> list[Difference]:
    """From the file as it is after the chapter, or after the next one if the reader's is nearer to that."""
    theirs = [read(files[path]) for files in nearby if path in files]
    if path not in nearby[0]:
        return []
    if not (folder / path).is_file():
        return [Difference(path, 0, None, None)] if len(theirs) == len(nearby) else []
    yours = read_leniently(folder / path)
    if yours in theirs:
        return []
    ways = [list(compare(path, yours, text)) for text in theirs]
    nearest = min(ways, key=len)
    return [
        replace(one, is_under_way=not all(any(is_same(one, other) for other in way) for way in ways))
        for one in nearest
    ]


def is_same(one: Difference, other: Difference) -> bool:
    """Whether it is the reader's same line that is wrong, or the same line that is missing."""
    if one.yours is None or other.yours is None:
        return one.yours is other.yours and one.theirs == other.theirs
    return one.line == other.line


def compare(path: str, yours: str, theirs: str) -> Iterator[Difference]:
    mine, wanted = read_statements(path, yours, theirs)
    for i1, i2, j1, j2 in unequal([one.key for one in mine], [one.key for one in wanted]):
        left = [line for statement in mine[i1:i2] for line in statement.lines]
        right = [line for statement in wanted[j1:j2] for line in statement.lines]
        before = mine[i1 - 1].lines[-1].number if i1 else 0
        yield from compare_lines(path, left, right, before)


def compare_lines(path: str, left: list[Line], right: list[Line], before: int) -> Iterator[Difference]:
    for i1, i2, j1, j2 in unequal([line.key for line in left], [line.key for line in right]):
        wanted = right[j1:j2]
        last = left[i1 - 1].number if i1 else before
        for line in left[i1:i2]:
            twin = max(wanted, key=lambda other: likeness(line, other), default=None)
            if twin and likeness(line, twin) >= ALIKE:
                wanted.remove(twin)
                yield Difference(path, line.number, *shown(line, twin))
            else:
                yield Difference(path, line.number, line.text, None)
        for line in wanted:
            yield Difference(path, last, None, line.text)


def shown(line: Line, twin: Line) -> tuple[str, str]:
    """With the indentation only where that is all that differs."""
    if line.text != twin.text:
        return line.text, twin.text
    return f"{INDENT * line.depth}{line.text}", f"{INDENT * twin.depth}{twin.text}"


def unequal(left: list[str], right: list[str]) -> Iterator[tuple[int, int, int, int]]:
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    yield from (where for tag, *where in matcher.get_opcodes() if tag != "equal")


def likeness(one: Line, other: Line) -> float:
    return difflib.SequenceMatcher(None, one.key, other.key, autojunk=False).ratio()
