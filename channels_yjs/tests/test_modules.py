"""The modules that a page needs, and their addresses."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from pytest_django import Settings

from channels_yjs.modules import BUILT, IMPORT, ModuleError, page_modules

pytestmark = pytest.mark.usefixtures("fresh_modules")

LIBRARIES = sorted((Path(__file__).parents[1] / "libraries").glob("*.js"))
NOTE, LIST = "note.js", "list.js"


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, settings: Settings) -> Path:
    """A folder of static files, with the module of a page that shows a note and of one that lists notes."""
    settings.STATICFILES_DIRS = [tmp_path]
    (tmp_path / NOTE).write_text('import { openDocument } from "channels-yjs"\nimport "yjs"\n')
    (tmp_path / LIST).write_text('import "channels-yjs/lobby.js"\nimport "channels-yjs/person.js"\n')
    return tmp_path


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ('import * as Y from "yjs"\n', ["yjs"]),
        ('import { a } from "./a.js"\nimport { b, c as d } from "../b.js";\n', ["./a.js", "../b.js"]),
        ("import {\n  a,\n  $b,\n} from './a.js'\n", ["./a.js"]),
        ('import "./effects.js"\nexport * from "./all.js"\n', ["./effects.js", "./all.js"]),
        ('import a, { b } from "a"\nexport { c } from "c"\n', ["a", "c"]),
        ('/** @import { Text } from "yjs" */\n/**\n * @import { Text } from "yjs"\n */\n', []),
        ('/** @type {import("yjs").Text} */\nlet text\n', []),
        ('export const word = "word"\nexport function f() {\n  return "from"\n}\n', []),
    ],
)
def test_imports_are_read_as_a_browser_reads_them(text: str, imported: list[str]) -> None:
    assert IMPORT.findall(text) == imported


def test_every_library_on_the_lists_is_in_the_import_map() -> None:
    listed = {name for path in LIBRARIES for name in re.findall(r'^export \* from "(.+)"$', path.read_text(), re.M)}
    assert {"yjs", "y-websocket", "@codemirror/view", "@codemirror/search"} <= listed
    import_map = page_modules(NOTE).import_map
    assert import_map.keys() == {*listed, "channels-yjs", "channels-yjs/lobby.js", "channels-yjs/person.js"}
    for address in import_map.values():
        assert finders.find(address.removeprefix("/static/")), address


def test_all_that_a_page_imports_is_preloaded_the_largest_first() -> None:
    preloads = page_modules(NOTE).preloads
    vendor = "/static/channels_yjs/vendor"
    assert {f"/static/{NOTE}", f"{vendor}/channels-yjs/index.js", f"{vendor}/yjs.js"} <= set(preloads)
    assert f"/static/{LIST}" not in preloads
    assert len(preloads) == len(set(preloads))
    sizes = [Path(finders.find(address.removeprefix("/static/")) or "").stat().st_size for address in preloads]
    assert sizes[0] == max(sizes)
    names = [address.rpartition("/")[2] for address in page_modules(LIST).preloads]
    assert sorted(names) == ["list.js", "lobby.js", "person.js"]


def test_nothing_that_keeps_a_state_is_built_twice() -> None:
    outputs = [
        output
        for metafile in map(finders.find, BUILT)
        for output in json.loads(Path(metafile or "").read_text())["outputs"].values()
    ]
    built = Counter(path for output in outputs for path in output["inputs"])
    assert {path for path in built if "/yjs/" in path or path.endswith("/saved.js")}
    twice = {path for path, number in built.items() if number > 1}
    assert twice == {path for path in twice if path.endswith(("/js/lobby.js", "/js/person.js")) or "/lib0/" in path}


def test_with_debug_on_an_import_that_is_added_counts_at_once(own_files: Path, settings: Settings) -> None:
    settings.DEBUG = True
    module = own_files / LIST
    module.write_text('import "./first.js"\n')
    (own_files / "first.js").write_text("")
    assert page_modules(LIST).preloads == ["/static/list.js", "/static/first.js"]
    module.write_text('import "./first.js"\nimport "./second.js"\nimport "nobody-has-this"\nimport "./nor-this.js"\n')
    (own_files / "second.js").write_text("")
    assert "/static/second.js" in page_modules(LIST).preloads
    assert len(page_modules(LIST).preloads) == 3


def test_modules_that_import_each_other_are_read_once(own_files: Path) -> None:
    (own_files / "one.js").write_text('import "./two.js"\n')
    (own_files / "two.js").write_text('import "./one.js"\n')
    assert len(page_modules("one.js").preloads) == 2


@pytest.mark.parametrize("entry", ["", "nothing.js"])
def test_a_page_whose_module_is_not_there_is_told_so(entry: str) -> None:
    with pytest.raises(ModuleError, match=f"There is no static file '{entry}'"):
        page_modules(entry)
