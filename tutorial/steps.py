"""The project as it stands after each chapter.

`tutorial/steps/NN-name/` holds, whole, the files that a chapter adds or changes, but for those that are in their
final form from then on: these its `step.toml` names, and they are taken from the repository itself. The project of
chapter N is the steps 1 to N laid over each other.

Invariant: the project of the last chapter is the shipped app, byte for byte, and holds nothing else.
"""

import shutil
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
STEPS = Path(__file__).parent / "steps"
EXERCISES = Path(__file__).parent / "exercises"
PAGES = REPOSITORY / "docs" / "tutorial"
SINGLE_FILES = ["manage.py", "package.json", "package-lock.json", ".npmrc", "e2e/together/test_together.py"]
FOLDERS = ["realtime_notes", "notes", "templates"]
NOT_THE_APP = {"__pycache__", "tests", "vendor"}  # the app's own tests, and what is built


class TutorialError(Exception):
    """A chapter, a page or a folder is not as it has to be. The message says what to do."""


@dataclass(frozen=True)
class Step:
    number: int
    name: str  # also that of the page: 02-socket
    final: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return STEPS / self.name

    @property
    def page(self) -> Path:
        return PAGES / f"{self.name}.md"

    @cached_property
    def files(self) -> dict[str, Path]:
        """By path in the project, where the content of each file of this step is."""
        own = {path.relative_to(self.folder).as_posix(): path for path in files_below(self.folder)}
        own.pop("step.toml")
        if both := sorted(own.keys() & set(self.final)):
            raise TutorialError(f"{self.name}/step.toml calls files final that the step holds as well: {both}")
        for path in self.final:
            if not (REPOSITORY / path).is_file():
                raise TutorialError(f"{self.name}/step.toml calls {path} final, which the repository does not have.")
        return {**own, **{path: REPOSITORY / path for path in self.final}}


@dataclass(frozen=True)
class Change:
    """What happens to one file in one chapter. `before` or `after` is None if there is no such file then."""

    path: str
    before: str | None
    after: str | None


def load_steps() -> list[Step]:
    return [load_step(number, folder) for number, folder in enumerate(sorted(STEPS.glob("[0-9][0-9]-*")), start=1)]


def load_step(number: int, folder: Path) -> Step:
    if int(folder.name[:2]) != number:
        raise TutorialError(f"The steps have no number {number}, but {folder.name}.")
    listed = tomllib.loads((folder / "step.toml").read_text(encoding="utf-8"))
    if unknown := sorted(listed.keys() - {"final", "removed"}):
        raise TutorialError(f"{folder.name}/step.toml knows `final` and `removed`, and not {unknown}.")
    return Step(number, folder.name, tuple(listed.get("final", [])), tuple(listed.get("removed", [])))


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


def write_project(number: int, target: Path) -> None:
    for path, source in project(number).items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target / path)


def changes(number: int) -> list[Change]:
    return compare(project(number - 1), project(number))


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


def shipped_app() -> dict[str, Path]:
    """By path, each file of the app as the repository ships it."""
    folders = [path for folder in FOLDERS for path in files_below(REPOSITORY / folder)]
    found = {path.relative_to(REPOSITORY).as_posix(): path for path in folders}
    return dict(sorted({**found, **{path: REPOSITORY / path for path in SINGLE_FILES}}.items()))


def files_below(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and not NOT_THE_APP & set(path.relative_to(folder).parts)
    )
