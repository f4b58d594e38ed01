"""The project as it stands after each chapter.

`tutorial/steps/NN-name/` holds, whole, the files that a chapter adds or changes. The project after chapter N is the
steps 1 to N laid over each other. The folders `1`, `2`, … in it hold files as they are on the way there, after each
stage of the page, where a file is built up in several.

A `step.toml` may name `final` files, whose content is the app's, in its final form; files that are `removed`; and
those that are `taken`: handed over instead of typed, each with a sentence that says what it does.
"""

import difflib
import re
import shutil
import tomllib
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
STEPS = Path(__file__).parent / "steps"
EXERCISES = Path(__file__).parent / "exercises"
PAGES = REPOSITORY / "docs" / "tutorial"
SHIPPED = 12  # the chapter after which the project is the app; those behind it are excursions
NOT_OURS = {"__pycache__"}
STAGED = re.compile(r"[1-9]\d*/")


class TutorialError(Exception):
    """A chapter, a page or a folder is not as it has to be. The message says what to do."""


@dataclass(frozen=True)
class Step:
    number: int
    name: str  # also that of the page: 02-socket
    final: tuple[str, ...]  # the app's own
    removed: tuple[str, ...]
    taken: dict[str, str] = field(hash=False)  # by path, what the file does

    @property
    def folder(self) -> Path:
        return STEPS / self.name

    @property
    def page(self) -> Path:
        return PAGES / f"{self.name}.md"

    @cached_property
    def files(self) -> dict[str, Path]:
        """By path in the project, where the content of each file of this step is."""
        below = {path.relative_to(self.folder).as_posix(): path for path in files_below(self.folder)}
        own = {path: file for path, file in below.items() if not STAGED.match(path)}
        own.pop("step.toml")
        if both := sorted(own.keys() & set(self.final)):
            raise TutorialError(f"{self.name}/step.toml calls files final that the step holds as well: {both}")
        for path in self.final:
            if not (REPOSITORY / path).is_file():
                raise TutorialError(f"{self.name}/step.toml calls {path} final, which the repository does not have.")
        files = {**own, **{path: REPOSITORY / path for path in self.final}}
        if unknown := sorted(self.taken.keys() - files.keys()):
            raise TutorialError(f"{self.name}/step.toml calls files taken that the step does not have: {unknown}")
        return files

    @cached_property
    def stages(self) -> list[dict[str, Path]]:
        """For each stage but the last, by path, the files that it changes, as they are then."""
        numbers = sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdigit())
        folders = [self.folder / str(number) for number in numbers]
        stages = [{path.relative_to(folder).as_posix(): path for path in files_below(folder)} for folder in folders]
        for path in {path for stage in stages for path in stage}:
            if path not in self.files or path in self.taken:
                raise TutorialError(f"{self.name} has stages of {path}, which is no file of the step to be typed.")
        return stages


@dataclass(frozen=True)
class Change:
    """What happens to one file in one chapter. `before` or `after` is None if there is no such file then."""

    path: str
    before: str | None
    after: str | None

    @property
    def new_lines(self) -> list[range]:
        """The lines of `after`, from 0 on, that are added or changed."""
        before, after = (self.before or "").splitlines(), (self.after or "").splitlines()
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        return [range(j1, j2) for tag, _, _, j1, j2 in matcher.get_opcodes() if tag in ("replace", "insert")]


@dataclass(frozen=True)
class Listing:
    """What a page shows of one file at one place."""

    name: str  # by which the page includes it: 06-merge/1/notes/consumers.py
    change: Change


def load_steps() -> tuple[Step, ...]:
    return steps_in(STEPS)


@cache
def steps_in(folder: Path) -> tuple[Step, ...]:
    return tuple(load_step(number, path) for number, path in enumerate(sorted(folder.glob("[0-9][0-9]-*")), start=1))


def load_step(number: int, folder: Path) -> Step:
    if int(folder.name[:2]) != number:
        raise TutorialError(f"The steps have no number {number}, but {folder.name}.")
    listed = tomllib.loads((folder / "step.toml").read_text(encoding="utf-8"))
    if unknown := sorted(listed.keys() - {"final", "removed", "taken"}):
        raise TutorialError(f"{folder.name}/step.toml knows `final`, `removed` and `taken`, and not {unknown}.")
    final, removed = tuple(listed.get("final", [])), tuple(listed.get("removed", []))
    return Step(number, folder.name, final, removed, dict(listed.get("taken", {})))


CHAPTERS = range(1, len(load_steps()) + 1)


def project(number: int) -> dict[str, Path]:
    """By path, where the content of each file of the project after a chapter is. After chapter 0 there is nothing."""
    files: dict[str, Path] = {}
    for step in load_steps()[:number]:
        for path in step.removed:
            if path not in files:
                raise TutorialError(f"{step.name}/step.toml removes {path}, which the project does not have.")
            del files[path]
        files |= step.files
    return dict(sorted(files.items()))


def removed_by(number: int) -> list[str]:
    """The files that chapters up to this one have taken out again."""
    now = project(number)
    return sorted({path for step in load_steps()[:number] for path in step.removed} - now.keys())


def write_project(number: int, target: Path) -> None:
    for path, source in project(number).items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target / path)


def changes(number: int) -> list[Change]:
    return compare(project(number - 1), project(number))


def typed_changes(number: int) -> list[Change]:
    """Without the files that are handed over."""
    taken = load_steps()[number - 1].taken
    return [change for change in changes(number) if change.path not in taken]


def listings(number: int) -> list[Listing]:
    """All that the page of a chapter shows of files that its reader types, stage by stage."""
    step = load_steps()[number - 1]
    now, found = project(number - 1), []
    for stage, files in enumerate(step.stages, start=1):
        found += [Listing(f"{step.name}/{stage}/{change.path}", change) for change in compare(now, now | files)]
        now |= files
    last = [change for change in compare(now, project(number)) if change.path not in step.taken]
    return [*found, *(Listing(f"{step.name}/{change.path}", change) for change in last)]


def compare(before: dict[str, Path], after: dict[str, Path]) -> list[Change]:
    found = [
        Change(path, read(before[path]) if path in before else None, read(after[path]) if path in after else None)
        for path in sorted(before.keys() | after.keys())
    ]
    return [change for change in found if change.before != change.after]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def solution(number: int) -> dict[str, Path]:
    """By path, the files of the project after a chapter that solving its exercise adds or changes."""
    folder = EXERCISES / load_steps()[number - 1].name
    return {path.relative_to(folder).as_posix(): path for path in files_below(folder)}


def files_below(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and not NOT_OURS & set(path.relative_to(folder).parts)
    )
