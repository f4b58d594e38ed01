"""Pages explain their words: each is linked to the glossary where it is first said, and at the end of a chapter."""

import re
from pathlib import Path

import pytest

from tutorial.steps import REPOSITORY

DOCS = REPOSITORY / "docs"
CHAPTERS = sorted((DOCS / "tutorial").glob("[0-9][0-9]-*.md"))
READING_PAGES = [DOCS / "explanation" / "one-keystroke.md", *sorted((DOCS / "under-the-hood").glob("*.md"))]
LINK = re.compile(r"\[([^\]]+)\]\(\.\./reference/glossary\.md#([\w-]+)\)")
CODE = r"^\s*```.*?^\s*```$|^\s*--8<--.*?$|`[^`\n]*`"
ASIDE = re.compile(r"<figure.*?</figure>|^\|.*?$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"\]\([^)]*\)")
NO_PROSE = re.compile(rf"{CODE}|^#.*?$|^---\n.*?^---$|!\[[^\]]*\]\([^)]*\)", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_each_word_is_linked_where_it_is_first_said(chapter: Path) -> None:
    prose, words = NO_PROSE.sub("", chapter.read_text(encoding="utf-8")).split("**Words:**")
    first = {link[2]: link for link in reversed(list(LINK.finditer(prose)))}
    assert sorted(first) == sorted(anchor for _, anchor in LINK.findall(words))
    assert said_before(prose, {name: first[anchor].start() for name, anchor in LINK.findall(words)}) == []


@pytest.mark.parametrize("page", READING_PAGES, ids=lambda page: page.stem)
def test_a_page_to_be_read_links_each_word_where_it_is_first_said_and_not_again(page: Path) -> None:
    prose = ASIDE.sub("", NO_PROSE.sub("", page.read_text(encoding="utf-8")))
    links = list(LINK.finditer(prose))
    anchors = [link[2] for link in links]
    assert len(anchors) > 5
    assert sorted(set(anchors)) == sorted(anchors)
    spoken = TARGET.sub(lambda target: "]".ljust(len(target[0])), prose)
    assert said_before(spoken, {link[1]: link.start() for link in links}) == []


def said_before(prose: str, linked: dict[str, int]) -> list[str]:
    """Where words are said before they are linked; for each word, where it is linked."""
    early = []
    for name, at in linked.items():
        said = re.search(rf"\b{re.escape(name)}(?:e?s)?\b", prose, re.IGNORECASE)
        if said and said.start() < at:
            early.append(prose[max(0, said.start() - 40) : said.end() + 20])
    return early
