"""The pages that show the engine layer by layer: short enough to be read, and right about what they name."""

import re
from pathlib import Path
from statistics import median

import pytest

from channels_yjs.tests.test_layers import LAYERS
from channels_yjs.wire.messages import SyncUpdate, decode
from tools import listings
from tools.app_server import REPOSITORY

PAGES = {
    layer: listings.DOCS / "under-the-hood" / f"{page}.md"
    for layer, page in zip(LAYERS, ["bytes", "log", "room", "processes", "connection"], strict=True)
}
KEYSTROKE = listings.DOCS / "explanation" / "one-keystroke.md"
FILE = re.compile(r"`([\w/]+\.py)`")
LONGEST_LISTING, USUAL_LISTING = 40, 20  # lines


def listings_of(page: Path) -> list[str]:
    return [listings.render(m["file"], m["name"]) for m in listings.WANTED.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", [KEYSTROKE, *PAGES.values()], ids=lambda page: page.stem)
def test_listings_are_short(page: Path) -> None:
    lines = [len(listing.splitlines()) - 2 for listing in listings_of(page)]  # less the fences
    assert max(lines) <= LONGEST_LISTING
    assert median(lines) < USUAL_LISTING


@pytest.mark.parametrize("layer", LAYERS)
def test_each_page_begins_with_its_folder_and_quotes_it(layer: str) -> None:
    text = PAGES[layer].read_text(encoding="utf-8")
    opening = " ".join(text.split("\n# ")[1].split("\n\n")[1].split())
    assert opening.startswith(f"`channels_yjs/{layer}/` ")
    assert "deliberately knows no" in opening
    quoted = [m["file"] for m in listings.WANTED.finditer(text)]
    assert sum(file.startswith(f"channels_yjs/{layer}/") for file in quoted) > len(quoted) / 2


@pytest.mark.parametrize("layer", LAYERS)
def test_each_page_ends_with_tests_that_exist(layer: str) -> None:
    tests = FILE.findall(PAGES[layer].read_text(encoding="utf-8").split("\n## The tests\n")[1])
    assert len(tests) > 3
    assert [test for test in tests if not (REPOSITORY / test).is_file()] == []


def test_one_keystroke_leads_through_all_layers() -> None:
    steps = KEYSTROKE.read_text(encoding="utf-8").partition("\n## ")[2]
    for page in PAGES.values():
        assert f"](../under-the-hood/{page.name}" in steps


def test_the_keystroke_that_is_taken_apart_is_one() -> None:
    dump = PAGES["wire"].read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    frame = bytes.fromhex("".join(line[:10] for line in dump.splitlines()))
    message = decode(frame)
    assert isinstance(message, SyncUpdate)
    assert message.shape
    assert message.shape.spans == {5: (2, 3)}
    assert len(message.update) == 10
