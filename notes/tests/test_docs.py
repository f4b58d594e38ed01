"""The docs as a test subject: everything that exists is in them and the reverse, and the examples are right."""

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from channels_yjs.conf import DEFAULTS, MEBIBYTE, PREFIX
from channels_yjs.connections import bounded
from channels_yjs.log.first import VALUES
from channels_yjs.rooms import intake, presence
from channels_yjs.rooms.person import NAME_MAX_LENGTH
from channels_yjs.wire import contents, messages, updates
from channels_yjs.wire.messages import (
    Access,
    AccessStatus,
    Awareness,
    AwarenessEntry,
    CloseCode,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)
from realtime_notes.environment import variable_of
from tools import listings

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
IMPORT = re.compile(r"^from (channels_yjs[\w.]*) import (\([^)]*\)|[^(#\n]+)", re.MULTILINE)
SETTING = re.compile(r'"(channels_yjs\.\w+\.\w+)",')  # a middleware
GUARANTEES = [f"G{number}" for number in range(1, 12)]
HI = bytes.fromhex("01010500 0401 04626f6479 024869 00")
EXAMPLES: list[messages.Message] = [
    SyncStep1(b"\x01\x05\x02"),
    SyncStep2(HI),
    SyncUpdate(HI),
    Awareness((AwarenessEntry(5, 1, '{"user":{"name":"Ada"}}'),)),
    QueryAwareness(),
    SyncStatus(b"\x07"),
    AccessStatus(Access.READ, is_lost=True),
]


def read(page: str) -> str:
    return (DOCS / page).read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda message: type(message).__name__)
def test_the_hex_dump_of_each_message_decodes_to_it(example: messages.Message) -> None:
    section = read("reference/protocol.md").split(f"\n### {type(example).__name__}\n")[1]
    dump = re.search(r"```text\n(.*?)```", section, re.DOTALL)
    assert dump
    lines = [re.match(r"((?:[0-9a-f]{2} ?)+)", line) for line in dump[1].splitlines()]
    frame = bytes.fromhex("".join(line[1] for line in lines if line))
    assert messages.decode(frame) == example


def test_no_message_is_missing() -> None:
    documented = set(re.findall(r"^### (\w+)$", read("reference/protocol.md"), re.MULTILINE))
    assert documented == {message.__name__ for message in messages.Message.__args__}
    assert documented == {type(example).__name__ for example in EXAMPLES}


def test_no_close_code_is_missing() -> None:
    rows = re.findall(r"^\| (4\d{3}) \| `(\w+)` \|", read("reference/protocol.md"), re.MULTILINE)
    assert {(int(code), name) for code, name in rows} == {(code.value, code.name) for code in CloseCode}


def test_no_setting_is_missing() -> None:
    source = (PROJECT / "realtime_notes" / "settings.py").read_text()
    read_from_environment = {*re.findall(r'env\.\w+\(\s*"(\w+)"', source), *map(variable_of, DEFAULTS)}
    documented = set(re.findall(r"^\| `(\w+)` \|", read("reference/settings.md"), re.MULTILINE))
    assert documented == read_from_environment
    assert "os.environ" not in source


def public_names(section: str) -> set[str]:
    """The names in the first column of a table."""
    rows = re.findall(
        r"^\| (.+?) \|", read("reference/public-api.md").split(f"\n## {section}\n")[1].split("\n## ")[0], re.M
    )
    return {name for row in rows for name in re.findall(r"`([\w.]+)", row)}


def test_every_public_name_of_python_is_there() -> None:
    names = public_names("Python")
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name
    for public in ("channels_yjs.access", "channels_yjs.consumers", "channels_yjs.editing"):
        assert {f"{public}.{name}" for name in import_module(public).__all__} <= names
    assert names_in_use() <= names


def names_in_use() -> set[str]:
    """The names of the engine that the app, the example and the docs for users import."""
    folders = [PROJECT / "notes", PROJECT / "realtime_notes", PROJECT / "examples"]
    sources = [path for folder in folders for path in folder.rglob("*.py") if "tests" not in path.parts]
    readmes = [PROJECT / "README.md", PROJECT / "channels_yjs" / "README.md"]
    found: set[str] = set()
    for path in [*sources, *readmes, *(DOCS / "how-to").glob("*.md")]:
        text = path.read_text(encoding="utf-8")
        found.update(SETTING.findall(text))
        for module, names in IMPORT.findall(text):
            found |= {f"{module}.{name.strip()}" for name in names.strip("()").split(",") if name.strip()}
    return found


def test_no_public_name_of_the_browsers_half_is_missing() -> None:
    index = (PROJECT / "channels_yjs" / "static" / "channels_yjs" / "js" / "index.js").read_text()
    exported = {name.strip() for names in re.findall(r"^export \{(.+)\}", index, re.M) for name in names.split(",")}
    assert public_names("JavaScript") == exported


def test_no_setting_of_the_engine_is_missing() -> None:
    assert public_names("Settings") == {PREFIX + name for name in DEFAULTS}
    readme = (PROJECT / "channels_yjs" / "README.md").read_text()
    assert set(re.findall(r"`(YJS_\w+)`", readme)) == {PREFIX + name for name in DEFAULTS}


def in_words(value: Any) -> str:
    """A default as the docs say it: 8 MiB, 10000, 3, off."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value // MEBIBYTE} MiB" if value % MEBIBYTE == 0 else f"{value:g}"


def said(page: str) -> dict[str, str]:
    """What the tables of a page say in their second column, by the first."""
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", page, re.MULTILINE)
    return {name.strip("`"): without_gaps(value.strip("`")) for name, value in rows}


def without_gaps(number: str) -> str:
    return re.sub(r"(?<=\d) (?=\d{3})", "", number)


def power_of_two(number: int) -> str:
    return "2" + str(number.bit_length() - 1).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def test_the_defaults_in_the_docs_are_those_of_the_code() -> None:
    variables, api = said(read("reference/settings.md")), said(read("reference/public-api.md"))
    readme = (PROJECT / "channels_yjs" / "README.md").read_text()
    found = re.findall(r"`YJS_(\w+)`\s+\(([^)]+)\)", readme)
    in_readme = {name: without_gaps(value) for name, value in found}
    for name, value in DEFAULTS.items():
        words = in_words(value)
        assert variables[variable_of(name)] == words, name
        exact = words if isinstance(value, int) and not isinstance(value, bool) else str(value)
        assert (api[PREFIX + name], in_readme[name]) == (exact, exact), name


def test_the_fixed_limits_in_the_docs_are_those_of_the_code() -> None:
    table = read("reference/settings.md").split("### Fixed limits\n")[1].split("\n## ")[0]
    assert said(table) == {
        "limit": "value",
        "---": "---",
        "clients of a note": f"{intake.MAX_CLIENTS_OF_DOCUMENT}",
        "clients in an update": f"{updates.MAX_CLIENTS}",
        "structs in an update": f"{updates.MAX_STRUCTS}",
        "structs that should have been joined": f"{updates.MAX_JOINABLE}",
        "structs under a key": f"{updates.MAX_KEYED}",
        "deleted ranges in an update": f"{updates.MAX_DELETED_RANGES}",
        "nesting of a value": f"{contents.MAX_NESTING} levels",
        "clocks": f"{power_of_two(updates.MAX_CLOCK + 1)} \N{MINUS SIGN} 1",
        "an awareness message, a state in it": (
            f"{messages.MAX_AWARENESS_BYTES // 1024} KiB, {messages.MAX_STATE_BYTES // 1024} KiB"
        ),
        "an awareness clock": f"{power_of_two(presence.LONGEST_JUMP)} more than the last one",
        "a SyncStatus": f"{messages.MAX_STATUS_BYTES} bytes",
    }


def test_the_time_for_an_answer_about_rights_is_that_of_the_code() -> None:
    told = f"more than {bounded.ANSWER_SECONDS:g} s when rights are asked for again"
    assert told in read("reference/public-api.md")


def test_the_browsers_half_knows_the_numbers_and_names_of_the_server() -> None:
    scripts = PROJECT / "channels_yjs" / "static" / "channels_yjs" / "js"
    codes = {
        "NOT_ALLOWED": CloseCode.NOT_ALLOWED,
        "GONE": [CloseCode.NO_SUCH_DOCUMENT, CloseCode.ANOTHER_DOCUMENT],
        "TOO_LARGE": CloseCode.TOO_LARGE,
    }
    source = (scripts / "document.js").read_text()
    for name, code in codes.items():
        [number] = re.findall(rf"^(?:export )?const {name} = ([\d\[\], ]+)", source, re.MULTILINE)
        assert json.loads(number) == code, name
    assert f'VALUES = "{VALUES}"' in source
    assert f"NAME_MAX_LENGTH = {NAME_MAX_LENGTH}" in (scripts / "person.js").read_text()
    assert "from: 4400, to: 4499" in (scripts / "lobby.js").read_text()
    assert (messages.FOR_GOOD[0], messages.FOR_GOOD[-1]) == (4400, 4499)


def test_no_guarantee_is_missing() -> None:
    rows = re.findall(r'^\| <span id="(G\d+)">\1</span> \| \*\*', read("explanation/guarantees.md"), re.MULTILINE)
    assert rows == GUARANTEES


def test_each_guarantee_is_linked_to_tests_that_exist() -> None:
    """Rendering a proof fails unless just one file defines its test."""
    for row in re.findall(r"^\| <span.*$", read("explanation/guarantees.md"), re.MULTILINE):
        tests = listings.PROVED_BY.findall(row)
        assert len(tests) > 1, row
        for test in tests:
            heading, _, code = listings.render_proof(test).partition("\n\n")
            assert heading.endswith(f" {{#{test}}}")
            assert f"def {test}(" in code


def test_a_proof_that_is_not_there_is_an_error() -> None:
    with pytest.raises(listings.ListingError, match=r"^A page names test_nothing, which 0 files"):
        listings.render_proof("test_nothing")


def test_the_glossary_is_in_alphabetical_order() -> None:
    words = re.findall(r"^<span id=.*?>(.*)</span>\n:   ", read("reference/glossary.md"), re.MULTILINE)
    assert len(words) > 20
    assert len(words) == len(set(words))
    assert words == sorted(words, key=lambda word: word.strip("`").lower())


@pytest.mark.parametrize(
    ("file", "name", "first", "last"),
    [
        ("channels_yjs/rooms/room.py", "Room.committed", "def committed(self, rows: list[Row]) -> None:", ""),
        ("channels_yjs/checks.py", "check_browser_libraries", "@register", "]"),
        (
            "channels_yjs/static/channels_yjs/js/undo.js",
            "showUndo",
            "export function showUndo(shared, undo, redo) {",
            "}",
        ),
    ],
)
def test_a_listing_is_a_whole_piece_of_the_source(file: str, name: str, first: str, last: str) -> None:
    fence, *code, end = listings.render(file, name).rstrip().splitlines()
    assert fence.endswith(f'title="{file}" }}')
    assert end == "```"
    assert code[0] == first
    assert code[-1].endswith(last)


@pytest.mark.parametrize(
    ("file", "name"), [("channels_yjs/rooms/room.py", "Room.nothing"), ("notes/nowhere.py", "Room")]
)
def test_a_listing_of_what_is_not_there_is_an_error(file: str, name: str) -> None:
    with pytest.raises(listings.ListingError, match=r"^A page quotes .*\.$"):
        listings.render(file, name)


def test_the_readme_gives_the_two_commands_first() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    assert blocks[0].split("\n")[:1] == ["pip install nox && nox -s demo"]
    assert blocks[1].split("\n")[:1] == ["pip install nox && nox"]
    assert blocks[1].strip() in (PROJECT / ".ci" / "run").read_text()


def test_the_readme_makes_a_model_shared_with_public_names() -> None:
    blocks = "".join(re.findall(r"```(?:python|js)\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL))
    used = {"SharedModel", "DocumentConsumer", "openDocument", "mountEditor"}
    assert set(re.findall(r"\b(?:Shared|Document|open|mount)[A-Z]?\w+\b", blocks)) == used
    known = {name.rpartition(".")[2] for name in public_names("Python") | public_names("JavaScript")}
    assert used <= known


def test_the_home_of_the_docs_shows_the_readme() -> None:
    shown = listings.render_readme((PROJECT / "README.md").read_text())
    assert "](tutorial/index.md)" in shown
    assert "images/side-by-side-dark.png#only-dark" in shown
    assert "docs/" not in shown
    with pytest.raises(listings.ListingError, match=r"README\.md has no part"):
        listings.render_readme("# Nothing")


def test_what_is_to_be_installed_has_the_version_of_today() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    pages = [PROJECT / "channels_yjs" / "README.md", *DOCS.rglob("*.md")]
    named = [name for page in pages for name in re.findall(r"channels_yjs-\S+\.whl", page.read_text())]
    assert len(named) > 2
    assert set(named) == {f"channels_yjs-{version}-py3-none-any.whl"}
