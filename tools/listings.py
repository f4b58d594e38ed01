"""Renders the listings of the docs from the source, so that no code is typed a second time.

A page asks for a listing by name: `--8<-- "channels_yjs/rooms/room.py/Room.committed.md"` is the method `committed`
of the class `Room`, as that file has it today; `--8<-- "notes/static/notes/js/note.js/getTop.md"` is a JavaScript
function. This writes each listing that a page asks for into docs/.listings/, where the builder finds it.
"""

import ast
import re
import shutil
import textwrap
from pathlib import Path

from .app_server import REPOSITORY

DOCS = REPOSITORY / "docs"
LISTINGS = DOCS / ".listings"
WANTED = re.compile(r'^--8<-- "(?!examples/)(?P<file>[^"]+\.(?:py|js))/(?P<name>[^"/]+)\.md"$', re.MULTILINE)
EXAMPLE = re.compile(r'^--8<-- "(?P<file>examples/[^"]+)/(?P<use>create|replace|append)\.md"$', re.MULTILINE)
ADDED = "\n# Shared minutes\n"  # in a file of the example, the lines to be added follow this one
LANGUAGES = {".py": "python", ".js": "javascript", ".html": "html", ".css": "css"}
PITCH = re.compile(r"<!-- The home of the docs shows[^>]*-->\n(.*?)<!-- The home of the docs ends", re.DOTALL)
PICTURE = re.compile(r"^(!\[[^\]]*\]\([^)]*)-light\.png\)$", re.MULTILINE)
PROVED_BY = re.compile(r"\((?:\.\./explanation/)?proofs\.md#(test_\w+)\)")
TESTS = [REPOSITORY / folder for folder in ("channels_yjs/tests", "notes/tests", "e2e")]


class ListingError(Exception):
    """A page asks for a piece of code that is not there."""


def render_source() -> str:
    """Renders everything, and returns how much, in words."""
    shutil.rmtree(LISTINGS, ignore_errors=True)
    LISTINGS.mkdir()
    wanted = {(m["file"], m["name"]) for page in DOCS.rglob("*.md") for m in WANTED.finditer(page.read_text())}
    for file, name in sorted(wanted):
        target = LISTINGS / file / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(file, name))
    used = {(m["file"], m["use"]) for page in DOCS.rglob("*.md") for m in EXAMPLE.finditer(page.read_text())}
    for file, use in sorted(used):
        target = LISTINGS / file / f"{use}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render_example(file, use))
    tests = dict.fromkeys(test for page in sorted(DOCS.rglob("*.md")) for test in PROVED_BY.findall(page.read_text()))
    (LISTINGS / "readme.md").write_text(render_readme((REPOSITORY / "README.md").read_text()))
    (LISTINGS / "proofs.md").write_text("\n".join(map(render_proof, tests)))
    return f"{len(wanted) + len(used)} listings and {len(tests)} proofs"


def render(file: str, name: str) -> str:
    """The listing as a fenced block with the file's name as its title."""
    path = REPOSITORY / file
    if not path.exists():
        raise ListingError(f"A page quotes {file}, which does not exist.")
    language, find = ("python", find_python) if path.suffix == ".py" else ("javascript", find_javascript)
    code = find(path.read_text(), name)
    if code is None:
        raise ListingError(f"A page quotes {name} of {file}, which has no such thing.")
    to_be_read = 'data-kind="skip" data-reason="It is there already, to be read."'  # in a page of the tutorial
    return f'``` {{ .{language} {to_be_read} title="{file}" }}\n{code.rstrip()}\n```\n'


def render_example(file: str, use: str) -> str:
    """A file of an example, as somebody makes it who follows a page: new, in the place of another, or the lines to be
    added to one that is there."""
    path = REPOSITORY / file
    if not path.exists():
        raise ListingError(f"A page quotes {file}, which does not exist.")
    name = "/".join(Path(file).parts[2:])  # its path in the example's own folder
    code, kind, form = path.read_text(), "create" if use == "create" else "change", "replaced"
    if use == "append":
        code, form = code.partition(ADDED)[2].lstrip("\n"), "appended"
        if not code:
            raise ListingError(f"A page quotes what is added to {file}, which has no line {ADDED.strip()!r}.")
    attributes = f'data-kind="{kind}" data-file="{name}" title="{name}"' + f' data-form="{form}"' * (kind == "change")
    return f"``` {{ .{LANGUAGES[path.suffix]} {attributes} }}\n{code.rstrip()}\n```\n"


def render_readme(readme: str) -> str:
    """The part of the README that the home of the docs shows: its links start from docs/, and its pictures are there
    for both palettes."""
    found = PITCH.search(readme)
    if not found:
        raise ListingError("README.md has no part that is marked for the home of the docs.")
    return PICTURE.sub(r"\1-light.png#only-light)\n\1-dark.png#only-dark)", found[1].replace("](docs/", "]("))


def render_proof(test: str) -> str:
    """The test as a section with its name as the anchor."""
    start = re.compile(rf"^(?:async )?def {test}\(", re.MULTILINE)
    files = [path for folder in TESTS for path in sorted(folder.rglob("test_*.py")) if start.search(path.read_text())]
    if len(files) != 1:
        raise ListingError(f"A page names {test}, which {len(files)} files define; one should.")
    claim = test.removeprefix("test_").replace("_", " ")
    heading = f"## {claim[0].upper()}{claim[1:]} {{#{test}}}"
    return f"{heading}\n\n{render(files[0].relative_to(REPOSITORY).as_posix(), test)}"


def find_python(source: str, name: str) -> str | None:
    """The source of a function, class or method, given as `name` or `Class.name`, with its decorators."""
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        children = [n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == part]
        if not children:
            return None
        node = children[0]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return None
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(source.splitlines()[first - 1 : node.end_lineno]))


def find_javascript(source: str, name: str) -> str | None:
    """The source of a function at the top of a module: from its first line to the brace that ends it."""
    start = rf"^(?:export )?(?:async )?function {re.escape(name)}\(.*?^}}$"
    found = re.search(start, source, re.MULTILINE | re.DOTALL)
    return found[0] if found else None
