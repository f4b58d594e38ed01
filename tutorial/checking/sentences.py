"""The sentences in which a reader is told what was seen and where to look."""

import functools
import re
from collections.abc import Iterator

from tutorial.hints import Hint, in_terminal
from tutorial.results import ACTUAL
from tutorial.steps import load_steps, read

from .differences import Difference

TO_READ = "To read the chapters: nox -s docs -- serve, and open the address that it prints."


@functools.cache
def name_of(chapter: int) -> str:
    """chapter 3, Everybody"""
    title = read(load_steps()[chapter - 1].page).splitlines()[0].partition(". ")[2]
    return f"chapter {chapter}, {title}"


def advice(hint: Hint) -> str:
    return f"  Look at: {in_terminal(hint.advice)} (chapter {hint.step.number})"


def describe(difference: Difference) -> Iterator[str]:
    place = f"  {difference.path}, line {difference.line}"
    match difference:
        case Difference(yours=None, theirs=None):
            yield f"  {difference.path} is missing."
        case Difference(yours=None):
            yield f"  {difference.path}, after line {difference.line}, a line is missing:"
            yield f"    chapter's: {difference.theirs}"
        case Difference(theirs=None):
            yield f"{place}, which the chapter does not have:"
            yield f"    yours:     {difference.yours}"
        case _:
            yield f"{place}:"
            yield f"    yours:     {difference.yours}"
            yield f"    chapter's: {difference.theirs}"


def in_plain_words(message: str) -> str:
    """Without the names of Python's and Playwright's own classes before it, and in one line."""
    gist, _, actual = re.sub(r"^([\w.]*(Error|Exception): )+", "", message).partition(f"\n{ACTUAL}")
    return f"{gist}, but found “{actual.strip()}”" if actual else gist
