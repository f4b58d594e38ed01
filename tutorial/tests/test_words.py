"""A chapter explains its words: each is linked to the glossary where it is first said, and again at the end."""

import re
from pathlib import Path

import pytest

from tutorial.steps import REPOSITORY

CHAPTERS = sorted((REPOSITORY / "docs" / "tutorial").glob("[0-9][0-9]-*.md"))
LINK = re.compile(r"\[([^\]]+)\]\(\.\./reference/glossary\.md#([\w-]+)\)")
CODE = r"^\s*```.*?^\s*```$|^\s*--8<--.*?$|`[^`\n]*`"
NO_PROSE = re.compile(rf"{CODE}|^#.*?$|^---\n.*?^---$|!\[[^\]]*\]\([^)]*\)", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_each_word_is_linked_where_it_is_first_said(chapter: Path) -> None:
    prose, words = NO_PROSE.sub("", chapter.read_text(encoding="utf-8")).split("**Words:**")
    first = {link[2]: link for link in reversed(list(LINK.finditer(prose)))}
    assert sorted(first) == sorted(anchor for _, anchor in LINK.findall(words))
    late = []
    for name, anchor in LINK.findall(words):
        said = re.search(rf"\b{re.escape(name)}(?:e?s)?\b", prose, re.IGNORECASE)
        if said and said.start() < first[anchor].start():
            late.append(prose[said.start() - 40 : said.end() + 20])
    assert late == []
