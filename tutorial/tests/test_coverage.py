"""The third gate: every line that a chapter changes stands on its rendered page. Reads the page and the projects, and
nothing that the listings are made with."""

import html
import re
from pathlib import Path

import pytest

from tutorial.steps import CHAPTERS, load_steps, project

BLOCK = re.compile(r'<div class="highlight" [^>]*data-file="([^"]+)"[^>]*>(.*?)</code>', re.DOTALL)
WHOLE = re.compile(r'data-file="([^"]+)" data-form="replaced"|data-kind="taken" data-file="([^"]+)"')


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_changed_line_stands_on_the_page(pages: Path, chapter: int) -> None:
    page = (pages / f"{load_steps()[chapter - 1].name}.html").read_text(encoding="utf-8")
    shown: dict[str, list[str]] = {}
    for file, code in BLOCK.findall(page):
        text = html.unescape(re.sub(r"<[^>]+>", "", code.split("<code>")[1]))
        shown.setdefault(file, []).extend(text.splitlines())
    rewritten = {path for found in WHOLE.findall(page) for path in found}
    before, after = project(chapter - 1), project(chapter)
    missing = []
    for path in before.keys() | after.keys():
        old = before[path].read_text(encoding="utf-8").splitlines() if path in before else []
        new = after[path].read_text(encoding="utf-8").splitlines() if path in after else []
        if old == new and (path in before) == (path in after):
            continue
        if path not in shown:
            missing.append(path)
        missing += [f"{path}: {line}" for line in set(new) - set(old) if line and line not in shown.get(path, [])]
        if path in after and path not in rewritten:
            gone = [f"-{line}" for line in set(old) - set(new) if line]
            missing += [f"{path}: {line}" for line in gone if line not in shown.get(path, [])]
    assert not missing
