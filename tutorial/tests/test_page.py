"""How a page is read: each block of a kind that there is, and its code letter for letter."""

from pathlib import Path

import pytest

from tutorial.page import read_blocks
from tutorial.robot import find_missing
from tutorial.steps import TutorialError

PAGE = """<h1>A page</h1>
<div class="highlight" data-kind="create" data-file="a.py"><span class="filename">a.py</span><pre><span></span>
<code><a id="x"></a><span class="hll"><span class="n">x</span> <span class="o">=</span> "&lt;b&gt;"</span>

    y
</code></pre></div>
<div class="tabbed-set"><div class="highlight" data-kind="run"><pre><code>ls
</code></pre></div></div>
"""


def write(tmp_path: Path, html: str) -> Path:
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    return page


def test_blocks_are_read_in_their_order(tmp_path: Path) -> None:
    create, run = read_blocks(write(tmp_path, PAGE))
    assert (create.kind, create.file, create.content) == ("create", "a.py", 'x = "<b>"\n\n    y\n')
    assert (run.kind, run.text) == ("run", "ls")


@pytest.mark.parametrize("attributes", ['data-kind="runn"', ""])
def test_a_block_of_an_unknown_kind_is_an_error(tmp_path: Path, attributes: str) -> None:
    page = write(tmp_path, f'\n<div class="highlight" {attributes}><pre><code>ls</code></pre></div>')
    with pytest.raises(
        TutorialError, match=r"page\.html, line 2: a block says data-kind=.*; there are create, change"
    ):
        read_blocks(page)


def test_a_block_to_be_skipped_gives_its_reason(tmp_path: Path) -> None:
    page = write(tmp_path, '<div class="highlight" data-kind="skip"><pre><code>ls</code></pre></div>')
    with pytest.raises(TutorialError, match=r"a block of kind skip needs data-reason\."):
        read_blocks(page)


def test_a_page_that_was_not_built_says_how(tmp_path: Path) -> None:
    with pytest.raises(TutorialError, match=r"Build the site with: nox -s docs"):
        read_blocks(tmp_path / "nothing.html")


@pytest.mark.parametrize(
    ("wanted", "shown", "missing"),
    [
        (["one", "two"], "zero\none\n two \n", None),
        (["two", "one"], "one\ntwo\n", "one"),
        (["… 200 …"], '"GET /notes/1/ HTTP/1.1" 200 2710', None),
        (["on"], "one", "on"),
        (["…"], "", None),
    ],
)
def test_what_is_shown_is_compared_line_by_line(wanted: list[str], shown: str, missing: str | None) -> None:
    assert find_missing(wanted, shown) == missing


@pytest.mark.parametrize(
    ("wanted", "missing"), [(["three"], None), (["two", "three"], None), (["two"], "two"), (["one", "three"], "one")]
)
def test_a_page_may_say_which_lines_come_last(wanted: list[str], missing: str | None) -> None:
    assert find_missing(wanted, "one\ntwo\nthree\n\n", is_last=True) == missing
