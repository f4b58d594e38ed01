"""The project as it stands after each chapter.

`tutorial/steps/NN-name/` holds, whole, the files that a chapter adds or changes. Its `step.toml` may name files that
are taken from the app instead, since they are in their final form; and it names those that go. The project of chapter
N is the steps 1 to N laid over each other.

For now the chapters are frozen (freeze.py): none takes a file from the app, which may go on without them.
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
NOT_OURS = {"__pycache__"}


class TutorialError(Exception):
    """A chapter, a page or a folder is not as it has to be. The message says what to do."""


@dataclass(frozen=True)
class Step:
    number: int
    name: str  # also that of the page: 02-socket
    final: tuple[str, ...]  # taken from the app
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


def files_below(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and not NOT_OURS & set(path.relative_to(folder).parts)
    )
