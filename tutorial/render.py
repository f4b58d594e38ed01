"""Renders what a chapter's page shows of its files, so that no code on it is typed by hand.

A page includes a file by `--8<-- "tutorial/02-socket/notes/consumers.py.md"`: one that is new in the chapter stands
there whole, one that changes as a diff and, in a tab beside it, whole with the changed lines marked. What stands
there is also what the robot types (page.py).
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from .steps import Change, Step, TutorialError, changes, compare, load_steps, project, read, solution

LANGUAGES = {
    ".css": "css",
    ".html": "html+django",
    ".js": "javascript",
    ".json": "json",
    ".npmrc": "ini",
    ".py": "python",
    ".svg": "xml",
}
WANTED = re.compile(r'^ *--8<-- "tutorial/(?P<step>[^/"]+)/(?P<file>[^"]+)\.md"$', re.MULTILINE)
FENCE = "````"
EMPTY = "(nothing: the file only has to be there)"
REMOVED = "(delete this file)"


def render_all(target: Path) -> int:
    """Writes the listings of all chapters below `target`, and returns how many."""
    listings = [(step, change) for step in load_steps() for change in changes(step.number)]
    for step, change in listings:
        file = target / "tutorial" / step.name / f"{change.path}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(change), encoding="utf-8")
    for step in load_steps():
        check_includes(step)
        for change in compare(project(step.number), project(step.number) | solution(step.number)):
            file = target / "exercises" / step.name / f"{change.path}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(render_solution(change), encoding="utf-8")
    return len(listings)


def check_includes(step: Step) -> None:
    """Raises TutorialError unless the page of the step shows each of its files, once."""
    shown = [found["file"] for found in WANTED.finditer(read(step.page)) if found["step"] == step.name]
    changed = [change.path for change in changes(step.number)]
    for path in changed:
        if shown.count(path) != 1:
            raise TutorialError(
                f"docs/tutorial/{step.page.name} shows {path} {shown.count(path)} times; once is right."
            )
    if unknown := sorted(set(shown) - set(changed)):
        raise TutorialError(f"docs/tutorial/{step.page.name} shows files that do not change in it: {unknown}")


def render(change: Change) -> str:
    if change.after is None:
        return fence("text", "change", change.path, REMOVED, 'data-form="removed"')
    if change.before is None:
        if not change.after:
            return fence("text", "create", change.path, EMPTY, 'data-form="empty"')
        return fence(language(change.path), "create", change.path, change.after)
    whole = fence(language(change.path), "change", change.path, change.after, marked(change), 'data-form="whole"')
    diff = fence("diff", "change", change.path, unified_diff(change), 'data-form="diff"')
    return f'===! "What changes"\n\n{indent(diff)}\n=== "The whole file"\n\n{indent(whole)}'


def render_solution(change: Change) -> str:
    """Only what changes: a reader has solved it in another way, perhaps, and wants to compare."""
    code, kind = (change.after, language(change.path)) if change.before is None else (unified_diff(change), "diff")
    return fence(kind, "skip", change.path, code or "", 'data-reason="A solution of the exercise."')


def fence(language: str, kind: str, path: str, code: str, *options: str) -> str:
    attributes = " ".join([f'data-kind="{kind}" data-file="{path}" title="{path}"', *filter(None, options)])
    return f"{FENCE} {{ .{language} {attributes} }}\n{code.rstrip()}\n{FENCE}\n"


def language(path: str) -> str:
    suffix = Path(path).suffix or Path(path).name
    if suffix not in LANGUAGES:
        raise TutorialError(f"How is {path} to be highlighted? Add {suffix} to LANGUAGES in tutorial/render.py.")
    return LANGUAGES[suffix]


def marked(change: Change) -> str:
    """The lines that are new, as the option of a fence: hl_lines="3-5 9"."""
    before, after = (change.before or "").splitlines(), (change.after or "").splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    ranges = [f"{j1 + 1}-{j2}" for tag, _, _, j1, j2 in matcher.get_opcodes() if tag in ("replace", "insert")]
    return f'hl_lines="{" ".join(ranges)}"' if ranges else ""


def unified_diff(change: Change, names: tuple[str, str] = ("", "")) -> str:
    return "\n".join(list(diff_lines(change, names))[2:])


def diff_lines(change: Change, names: tuple[str, str] = ("", "")) -> Iterator[str]:
    before, after = (change.before or "").splitlines(), (change.after or "").splitlines()
    return difflib.unified_diff(before, after, *names, lineterm="")


def indent(block: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in block.splitlines(keepends=True))
