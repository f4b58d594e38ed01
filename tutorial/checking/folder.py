"""The folder of the reader's project, and the copy of it that is run."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tutorial.steps import TutorialError

PACKAGES = ("realtime_notes", "notes")  # the kit has packages of these names, too
ENVIRONMENT = "pyvenv.cfg"  # is in each virtual environment, whatever that is called
NOT_COPIED = shutil.ignore_patterns(
    ".venv", "venv", "env", "node_modules", "__pycache__", ".git", "db.sqlite3*", "*.log", ".pytest_cache"
)


def require_project(folder: Path) -> Path:
    if not folder.exists():
        raise TutorialError(
            f"There is no folder {folder}. Give the folder of your project: nox -s check -- ../my-notes"
        )
    if not folder.is_dir():
        raise TutorialError(f"{folder} is a file. Give the folder with your manage.py.")
    if not any(folder.iterdir()):
        raise TutorialError(
            f"{folder} is empty, so there is nothing to check yet. Begin with chapter 1, "
            f"or take a chapter's project to go on from: nox -s chapter -- 1 {folder}"
        )
    if not (folder / "manage.py").is_file():
        below = sorted(path.parent.name for path in folder.glob("*/manage.py"))
        taken = f" It is handed over in chapter 1: nox -s take -- 1 {folder}"
        instead = f" Did you mean {folder / below[0]}?" if below else taken
        raise TutorialError(f"There is no manage.py in {folder}, so it is not the folder of a project.{instead}")
    return folder


def copy_project(folder: Path, place: Path) -> Path:
    """Raises TutorialError for a project that could not be told from the kit, and for what can't be copied."""
    for package in (folder / name for name in PACKAGES):
        if package.is_dir() and not (package / "__init__.py").exists():
            raise TutorialError(f"{package} has no __init__.py, so it is no package. Make that file; it is empty.")
    copy = place / "project"
    try:
        # With what links lead to: a relative one would lead elsewhere, and another into the reader's own files.
        shutil.copytree(folder, copy, ignore=ignore)
    except shutil.Error as error:
        paths = ", ".join(source for source, *_ in error.args[0])
        raise TutorialError(f"These can't be copied to be checked: {paths}. Move them out of the project.") from None
    return copy


def files_of(folder: Path) -> Iterator[Path]:
    """Those that the copy has."""
    for place, folders, names in os.walk(folder):
        folders[:] = set(folders) - ignore(place, folders)
        yield from (Path(place, name) for name in set(names) - ignore(place, names))


def ignore(place: str, names: list[str]) -> set[str]:
    """Also links that lead nowhere."""
    paths = {name: Path(place, name) for name in names}
    others = {name for name, path in paths.items() if not path.exists() or (path / ENVIRONMENT).exists()}
    return {*NOT_COPIED(place, names), *others}
