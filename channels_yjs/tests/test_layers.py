"""Imports run down the layers and never up, and nothing here, tests included, knows the app."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from channels_yjs.tests.imports import REPOSITORY, imported, named

ENGINE = Path(__file__).parents[1]
LAYERS = ["wire", "log", "rooms", "hub", "connections"]  # from the lowest to the highest
BELOW_ALL = {"conf", "models", "names", "signals"}
PACKAGES = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")}
ABOVE_THE_WIRE = {"django", "channels", "asgiref", "pycrdt", "twisted", "daphne"}
MODULES = [path for layer in LAYERS for path in sorted((ENGINE / layer).rglob("*.py"))]


def test_relative_imports_are_seen(tmp_path: Path) -> None:
    assert "channels_yjs.wire.lib0" in set(imported(ENGINE / "wire" / "messages.py"))
    assert "channels_yjs.hub.rings.UnknownRing" in set(imported(ENGINE / "hub" / "doorbell.py"))


@pytest.mark.parametrize("names_in", [imported, named])
def test_the_engine_knows_no_app(names_in: Callable[[Path], Iterator[str]]) -> None:
    """Neither its code nor its tests do: no import, and no string such as "notes.models" or "notes/js/list.js"."""
    known = [(str(path), name) for path in sorted(ENGINE.rglob("*.py")) for name in names_in(path)]
    assert known
    others = PACKAGES - {ENGINE.name}
    assert [(path, name) for path, name in known if re.split("[./]", name)[0] in others] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ENGINE).as_posix())
def test_imports_run_down(path: Path) -> None:
    layer = path.relative_to(ENGINE).parts[0]
    allowed = {*LAYERS[: LAYERS.index(layer) + 1], *BELOW_ALL}
    for name in imported(path):
        top, _, rest = name.partition(".")
        assert not (layer == "wire" and top in ABOVE_THE_WIRE), f"The wire knows bytes only, but imports {name}."
        if top == "channels_yjs" and rest:
            assert rest.split(".")[0] in allowed, f"{layer}/{path.name} imports {name}, which lies above it."
