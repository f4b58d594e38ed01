"""The folder of the reader's project, and the copy of it that is run."""

import shutil
from pathlib import Path

from tutorial.steps import TutorialError

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
    copy = place / "project"
    shutil.copytree(folder, copy, ignore=NOT_COPIED, symlinks=True)
    return copy


def is_copied(path: Path) -> bool:
    """Whether the copy has it. The path is relative to the project."""
    return not any(NOT_COPIED(".", [part]) for part in path.parts)
