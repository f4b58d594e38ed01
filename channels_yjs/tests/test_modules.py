"""The modules that a page needs, and their addresses."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as project
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from channels_yjs.modules import IMPORT, ModuleError, find_modules_once, page_modules

LIBRARIES = sorted((project.BASE_DIR / "channels_yjs" / "libraries").glob("*.js"))
NOTE, LIST = "notes/js/note.js", "notes/js/list.js"


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    find_modules_once.cache_clear()
    yield
    find_modules_once.cache_clear()


@pytest.fixture
def own_files(tmp_path: Path, settings: Settings) -> Path:
    """A folder whose files are found before those of the app."""
    settings.STATICFILES_DIRS = [tmp_path]
    (tmp_path / "notes" / "js").mkdir(parents=True)
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
    assert sorted(name for name in names if not name.startswith("chunk-")) == ["list.js", "lobby.js", "person.js"]
    assert len(names) == 5, "and what these two share with the whole engine, without any library"


def test_with_debug_on_an_import_that_is_added_counts_at_once(own_files: Path, settings: Settings) -> None:
    settings.DEBUG = True
    module = own_files / LIST
    module.write_text('import "./first.js"\n')
    (module.parent / "first.js").write_text("")
    assert page_modules(LIST).preloads == ["/static/notes/js/list.js", "/static/notes/js/first.js"]
    module.write_text('import "./first.js"\nimport "./second.js"\nimport "nobody-has-this"\nimport "./nor-this.js"\n')
    (module.parent / "second.js").write_text("")
    assert "/static/notes/js/second.js" in page_modules(LIST).preloads
    assert len(page_modules(LIST).preloads) == 3


def test_modules_that_import_each_other_are_read_once(own_files: Path) -> None:
    (own_files / "notes/js/one.js").write_text('import "./two.js"\n')
    (own_files / "notes/js/two.js").write_text('import "./one.js"\n')
    assert len(page_modules("notes/js/one.js").preloads) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/notes/1/"])
def test_collected_a_page_names_no_plain_file(
    address: str, tmp_path: Path, settings: Settings, client: Client
) -> None:
    """A plain name may only be the key of an import by path."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.SERVESTATIC_USE_GZIP = settings.SERVESTATIC_USE_BROTLI = False  # compressing takes seconds
    call_command("collectstatic", interactive=False, verbosity=0)
    settings.STATIC_ROOT = settings.STATIC_ROOT  # makes Django forget the storage
    text = client.get(address).content.decode()
    found = re.search(r'<script type="importmap" nonce=".+?">(.+?)</script>', text, re.DOTALL)
    assert found
    import_map = json.loads(found[1])["imports"]
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', text) + list(import_map.values())
    assert len(named) > len(import_map)
    assert [name for name in named if not re.search(r"\.[0-9a-f]{12}\.\w+$", name)] == []
    by_path = "/static/notes/js/notice.js" if "1" in address else "/static/channels_yjs/vendor/channels-yjs/person.js"
    assert import_map[by_path] in named


@pytest.mark.parametrize("entry", ["", "notes/js/nothing.js"])
def test_a_page_whose_module_is_not_there_is_told_so(entry: str) -> None:
    with pytest.raises(ModuleError, match=f"There is no static file '{entry}'"):
        page_modules(entry)
