"""Hands over the files of a chapter that are not its idea, into a reader's project.

Invariant: nothing of the reader's is lost. A file that is there and is not as the chapter before left it stops
everything before anything is written.
"""

import shutil
from pathlib import Path

from .steps import TutorialError, load_steps, project


def take(number: int, folder: Path) -> list[str]:
    """Returns the paths that were written. Raises TutorialError for a file that is the reader's own."""
    step = load_steps()[number - 1]
    if not folder.is_dir():
        raise TutorialError(f"There is no folder {folder}. Make it first: mkdir {folder}")
    before = project(number - 1)
    versions = {path: [source for source in (step.files[path], before.get(path)) if source] for path in step.taken}
    if own := [path for path, known in versions.items() if is_own(folder / path, known)]:
        raise TutorialError(
            f"These files in {folder} are there and not from this tutorial: {', '.join(own)}. "
            "Rename or delete them, so that nothing of yours is overwritten, and take again."
        )
    for path in step.taken:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(step.files[path], folder / path)
    return list(step.taken)


def is_own(file: Path, known: list[Path]) -> bool:
    return file.exists() and file.read_bytes() not in [source.read_bytes() for source in known]
