"""For authors: carries a change of a chapter's files through its later stages and later chapters, and into the app.

Each later copy of a changed file is merged three ways: the copy before it as it was, as it is now, and the later one.
Stops at the first conflict, with the usual marks in the file.
"""

import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path

from .steps import REPOSITORY, TutorialError, load_steps


def carry(number: int) -> list[Path]:
    """Returns the files that were changed. Raises TutorialError at a conflict."""
    step = load_steps()[number - 1]
    paths = {path for files in (*step.stages, step.files) for path in files}
    return [changed for path in sorted(paths) for changed in carry_file(path, number)]


def carry_file(path: str, number: int) -> list[Path]:
    """Begins at the first copy in this chapter that is not as it was committed."""
    copies = copies_of(path, number)
    before = {copy: committed(copy) for copy in copies}
    own = load_steps()[number - 1].folder
    edited = [copy for copy in copies if copy.is_relative_to(own) and before[copy] not in (None, copy.read_bytes())]
    changed = []
    for earlier, later in pairwise(copies[copies.index(edited[0]) :] if edited else []):
        if later not in edited:
            before[later] = later.read_bytes()
            merge(later, before[earlier] or b"", earlier.read_bytes())
            changed.append(later)
    return changed


def copies_of(path: str, number: int) -> list[Path]:
    """Of one file, from a chapter on: as it is after each stage and at the end of each chapter."""
    copies = []
    for step in load_steps()[number - 1 :]:
        if path in step.removed:
            break
        copies += [files[path] for files in (*step.stages, step.files) if path in files]
    return copies


def merge(later: Path, before: bytes, now: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        base, new = Path(place) / "base", Path(place) / "new"
        base.write_bytes(before)
        new.write_bytes(now)
        labels = ["-L", "later", "-L", "as it was", "-L", "as it is"]
        result = subprocess.run(["git", "merge-file", *labels, later, base, new], capture_output=True, check=False)
    if result.returncode:
        name = later.relative_to(REPOSITORY) if later.is_relative_to(REPOSITORY) else later
        raise TutorialError(f"{name} has a conflict. Fix it by hand, then carry on from its chapter.")


def committed(file: Path) -> bytes | None:
    """The file as it was committed last, or None if it never was."""
    name = f"HEAD:./{file.name}"
    result = subprocess.run(["git", "show", name], cwd=file.parent, capture_output=True, check=False)
    return result.stdout if result.returncode == 0 else None
