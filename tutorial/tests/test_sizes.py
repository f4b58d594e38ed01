"""The fourth gate: a chapter is small. Its reader types little, and sees little code at a time. That its page soon
ends is seen where all pages are opened, in test_site.py."""

from pathlib import Path
from statistics import mean, median

import pytest

from tutorial.page import Block, read_blocks
from tutorial.sizes import typed
from tutorial.steps import CHAPTERS, load_steps

MOST_TYPED, MOST_TYPED_AT_FIRST, MOST_TYPED_ON_AVERAGE = 150, 120, 100
LONGEST_LISTING, MEDIAN_LISTING = 40, 20
QUOTED = "It is there already, to be read."  # as tools/listings.py has it


def page_of(pages: Path, chapter: int) -> Path:
    return pages / f"{load_steps()[chapter - 1].name}.html"


def listings_of(page: Path) -> list[Block]:
    """Code to be typed or read at once. A file that changes is its diff; what is handed over is not read."""
    return [block for block in read_blocks(page) if is_listing(block)]


def is_listing(block: Block) -> bool:
    match block.kind:
        case "create":
            return block.form != "empty"
        case "change":
            return block.form in ("diff", "replaced", "appended")
        case "skip":
            return bool(block.file) or block.attributes["data-reason"] == QUOTED
    return False


def length(listing: Block) -> int:
    return len(listing.text.splitlines())


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_reader_types_little(chapter: int) -> None:
    assert typed(chapter) <= (MOST_TYPED_AT_FIRST if chapter == 1 else MOST_TYPED)


def test_on_average_a_reader_types_even_less() -> None:
    assert mean(typed(chapter) for chapter in CHAPTERS) <= MOST_TYPED_ON_AVERAGE


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_no_listing_is_long(pages: Path, chapter: int) -> None:
    found = listings_of(page_of(pages, chapter))
    assert found
    assert {listing.file: length(listing) for listing in found if length(listing) > LONGEST_LISTING} == {}


def test_most_listings_are_short(pages: Path) -> None:
    lengths = [length(listing) for chapter in CHAPTERS for listing in listings_of(page_of(pages, chapter))]
    assert median(lengths) < MEDIAN_LISTING
