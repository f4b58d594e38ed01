"""For authors: carries a change of one chapter's files through the later chapters, and into the app itself.

Each later copy of a changed file is merged three ways: the chapter's file as it was committed, as it is now, and the
later copy. Stops at the first conflict, with the usual marks in the file.
"""

import subprocess
import tempfile
from pathlib import Path

from .steps import REPOSITORY, TutorialError, load_steps


def carry(number: int) -> list[Path]:
    """Returns the files that were changed. Raises TutorialError at a conflict."""
    step = load_steps()[number - 1]
    own = [path for path, source in step.files.items() if source.is_relative_to(step.folder)]
    changed = []
    for path in own:
        before = committed(step.folder / path)
        if before is not None and before != (step.folder / path).read_bytes():
            changed += carry_file(path, number, before)
    return changed


def carry_file(path: str, number: int, before: bytes) -> list[Path]:
    changed = []
    now = (load_steps()[number - 1].folder / path).read_bytes()
    for step in load_steps()[number:]:
        if path in step.removed:
            break
        if path not in step.files:
            continue
        later = step.files[path]
        then = later.read_bytes()
        merge(later, before, now)
        changed.append(later)
        before, now = then, later.read_bytes()
    return changed


def merge(later: Path, before: bytes, now: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        base, new = Path(place) / "base", Path(place) / "new"
        base.write_bytes(before)
        new.write_bytes(now)
        labels = ["-L", "later", "-L", "as it was", "-L", "as it is"]
        result = subprocess.run(["git", "merge-file", *labels, later, base, new], capture_output=True, check=False)
    if result.returncode:
        name = later.relative_to(REPOSITORY) if later.is_relative_to(REPOSITORY) else later
        raise TutorialError(f"{name} has a conflict. Mend it by hand, then carry on from its chapter.")


def committed(file: Path) -> bytes | None:
    """The file as it was committed last, or None if it never was."""
    name = f"HEAD:./{file.name}"
    result = subprocess.run(["git", "show", name], cwd=file.parent, capture_output=True, check=False)
    return result.stdout if result.returncode == 0 else None
