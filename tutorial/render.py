"""Renders what a chapter's page shows of its files, so that no code on it is typed by hand.

A page includes a file by `--8<-- "tutorial/02-socket/notes/consumers.py.md"`: one that is new is shown whole, one
that changes as a diff and, in a tab beside it, whole with the changed lines marked. A file that is built up in stages
is included once for each: `--8<-- "tutorial/06-merge/1/notes/consumers.py.md"`. What is shown is also what the robot
types (page.py). `--8<-- "tutorial/06-merge/taken.md"` shows the files that are handed over, and the command for it.
"""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from .sizes import render_sizes
from .steps import Change, Step, TutorialError, compare, listings, load_steps, project, read, solution

LANGUAGES = {
    ".css": "css",
    ".html": "html+django",
    ".js": "javascript",
    ".py": "python",
    ".svg": "xml",
}
WANTED = re.compile(r'^ *--8<-- "tutorial/(?P<name>[0-9][^"]+)\.md"$', re.MULTILINE)
CONTEXT = 2  # lines around a change
FEW = 6  # files whose table stays open
FENCE = "````"
EMPTY = "(nothing: the file only has to be there)"
REMOVED = "(delete this file)"


def render_all(target: Path) -> int:
    """Writes the listings of all chapters below `target`, and returns how many."""
    written = 0
    for step in load_steps():
        shown = {listing.name: render(listing.change) for listing in listings(step.number)}
        if step.taken:
            shown[f"{step.name}/taken"] = render_taken(step)
        check_includes(step, set(shown))
        for name, text in shown.items():
            write(target / "tutorial" / f"{name}.md", text)
        for change in compare(project(step.number), project(step.number) | solution(step.number)):
            write(target / "exercises" / step.name / f"{change.path}.md", render_solution(change))
        written += len(shown)
    write(target / "tutorial" / "sizes.md", render_sizes())
    return written


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def check_includes(step: Step, wanted: set[str]) -> None:
    """Raises TutorialError unless the page of the step shows each of its listings, once."""
    shown = [found["name"] for found in WANTED.finditer(read(step.page))]
    for name in sorted(wanted | set(shown)):
        if name not in wanted:
            raise TutorialError(f"docs/tutorial/{step.page.name} shows {name}, which this chapter does not have.")
        if shown.count(name) != 1:
            raise TutorialError(
                f"docs/tutorial/{step.page.name} shows {name} {shown.count(name)} times; once is right."
            )


def render_taken(step: Step) -> str:
    """The command that hands files over, what each of them does, and the files themselves, folded up. The table is
    folded up as well if it is long."""
    rows = [f"| `{path}` | {words} |" for path, words in step.taken.items()]
    table = "\n".join(["| file | what it does |", "| --- | --- |", *rows])
    command = f'``` {{ .sh data-kind="take" }}\n{take_command(step.number)}\n```\n'
    files = [render_whole("taken", path, read(step.files[path])) for path in step.taken]
    if len(files) <= FEW:
        return f'{table}\n\n{command}\n??? note "The files themselves"\n\n{indent(chr(10).join(files))}'
    folded = indent("\n".join([table, "", *files]))
    return f'{command}\n??? note "The {len(files)} files, and what each of them does"\n\n{folded}'


def take_command(number: int) -> str:
    return f"nox -s take -- {number} ../my-notes"


def render(change: Change) -> str:
    if change.after is None:
        return fence("text", "change", change.path, REMOVED, 'data-form="removed"')
    if change.before is None:
        return render_whole("create", change.path, change.after)
    if is_rewritten(change):
        return fence(language(change.path), "change", change.path, change.after, 'data-form="replaced"')
    whole = fence(language(change.path), "change", change.path, change.after, marked(change), 'data-form="whole"')
    diff = fence("diff", "change", change.path, unified_diff(change), 'data-form="diff"')
    return f'===! "What changes"\n\n{indent(diff)}\n=== "The whole file"\n\n{indent(whole)}'


def render_whole(kind: str, path: str, text: str) -> str:
    return fence(language(path), kind, path, text) if text else fence("text", kind, path, EMPTY, 'data-form="empty"')


def is_rewritten(change: Change) -> bool:
    """So little is as it was that the file is easier read as a new one."""
    return len(unified_diff(change).splitlines()) > len((change.after or "").splitlines())


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
    ranges = [f"{lines.start + 1}-{lines.stop}" for lines in change.new_lines]
    return f'hl_lines="{" ".join(ranges)}"' if ranges else ""


def unified_diff(change: Change, names: tuple[str, str] = ("", "")) -> str:
    return "\n".join(list(diff_lines(change, names))[2:])


def diff_lines(change: Change, names: tuple[str, str] = ("", "")) -> Iterator[str]:
    before, after = (change.before or "").splitlines(), (change.after or "").splitlines()
    return difflib.unified_diff(before, after, *names, lineterm="", n=CONTEXT)


def indent(block: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in block.splitlines(keepends=True))
