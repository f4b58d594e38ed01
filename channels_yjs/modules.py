"""The JavaScript modules of a page: which ones it needs, and at which addresses.

The browser libraries are listed in channels_yjs/libraries/, and nowhere else. esbuild builds each list, and the
engine's own modules, into one file, since each request costs time: over a slow line, and in the browser and the
server on any. It records what is in them; the import map, the preloads and the check at start are made from that
record. The page's own modules are read as they are written, so with DEBUG on a new import takes effect at the next
reload.

Invariant: what keeps a state has one address, no matter which module imports it. Under two it would run twice, and
two copies of Yjs break a page. lobby.js and person.js, for pages without an editor, keep none, nor does lib0.
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import get_script_prefix

# esbuild's metafiles
ENGINE = "channels_yjs/vendor/engine.modules.json"
BUILT = ["channels_yjs/vendor/yjs.modules.json", "channels_yjs/vendor/codemirror.modules.json", ENGINE]
STATIC_FOLDER = "channels_yjs/static/"  # not part of a static file's name
ENTRY, OWN_FOLDER = "channels-yjs", "channels_yjs/static/channels_yjs/js/"  # the engine's import name and sources
IMPORT = re.compile(r"""^(?:import|export)\s+(?:[\w$\s{},*]+\sfrom\s+)?["']([^"'\n]+)["']""", re.MULTILINE)


class ModuleError(Exception):
    """A page's import map cannot be made."""


@dataclass(frozen=True)
class Module:
    """A static file and its imports: files by their names, libraries by theirs."""

    name: str
    size: int
    imports: list[str]


@dataclass(frozen=True)
class Build:
    modules: dict[str, Module]
    libraries: dict[str, str]  # the file of each import name


@dataclass(frozen=True)
class PageModules:
    import_map: dict[str, str]
    preloads: list[str]  # the addresses of all imports, so that none has to wait for another


def page_modules(entry: str) -> PageModules:
    """The modules of a page whose script is the static file `entry`."""
    return find_modules(entry) if settings.DEBUG else find_modules_once(entry, get_script_prefix())


@lru_cache
def find_modules_once(entry: str, prefix: str) -> PageModules:
    return find_modules(entry)


def find_modules(entry: str) -> PageModules:
    if not entry or finders.find(entry) is None:
        raise ModuleError(f"importmap.html needs entry=, the page's module. There is no static file {entry!r}.")
    build = read_build()
    # The largest come first, since they take the longest to load.
    needed = sorted(closure(entry, build), key=lambda module: module.size, reverse=True)
    names = [*build.modules, *(module.name for module in needed)]
    addresses = {name: static(name) for name in names}
    import_map = {library: addresses[name] for library, name in build.libraries.items()}
    # An import by path, like ./people.js, asks for the plain name; the collected file's name has a hash.
    plain = {urljoin(address, basename(name)): address for name, address in addresses.items()}
    import_map |= {name: address for name, address in plain.items() if name != address}
    return PageModules(import_map, [addresses[module.name] for module in needed])


def closure(entry: str, build: Build) -> list[Module]:
    """The module, what it imports, what these import, and so on."""
    found: dict[str, Module] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        module = build.modules.get(name) or read_module(name)
        if module and name not in found:
            found[name] = module
            waiting += [build.libraries.get(imported, imported) for imported in module.imports]
    return list(found.values())


def read_build() -> Build:
    """Empty if nothing has been built."""
    build = Build({}, {})
    for metafile in filter(None, map(finders.find, BUILT)):
        made: dict[str, Any] = json.loads(Path(metafile).read_text(encoding="utf-8"))
        for output, facts in made["outputs"].items():
            name = output.removeprefix(STATIC_FOLDER)
            if name.endswith(".js"):
                imports = [imported["path"].removeprefix(STATIC_FOLDER) for imported in facts["imports"]]
                build.modules[name] = Module(name, facts["bytes"], imports)
            if entry := facts.get("entryPoint"):
                build.libraries.update(dict.fromkeys(import_names(entry, made["inputs"][entry]["imports"]), name))
    return build


def import_names(entry: str, imports: list[dict[str, Any]]) -> list[str]:
    """Those under which pages import what was built from this file: a list of libraries, or a module of ours."""
    if not entry.startswith(OWN_FOLDER):
        return [library["original"] for library in imports]
    module = entry.removeprefix(OWN_FOLDER)
    return [ENTRY if module == "index.js" else f"{ENTRY}/{module}"]


def changed_since_built() -> list[str]:
    """The engine's modules of which pages run what they were before, seen by their size."""
    metafile = finders.find(ENGINE)
    inputs = json.loads(Path(metafile).read_text(encoding="utf-8"))["inputs"] if metafile else {}
    files = {path: finders.find(path.removeprefix(STATIC_FOLDER)) for path in inputs}
    return [path for path, file in files.items() if file and Path(file).stat().st_size != inputs[path]["bytes"]]


def read_module(name: str) -> Module | None:
    """One of the page's own modules. None if there is no such file: then the browser's error names the importer."""
    path = finders.find(name)
    if path is None:
        return None
    text = Path(path).read_text(encoding="utf-8")
    imports = [
        normpath(join(dirname(name), imported)) if imported.startswith(".") else imported
        for imported in IMPORT.findall(text)
    ]
    return Module(name, len(text), imports)
