"""How far a reader's own project is: of what each chapter adds, how much stands in it.

Readers name and order things as they like, so nothing has to be there letter for letter. A chapter is reached when
most of the lines that it adds are there, and begun when some are. Files that are handed over come in one go, and do
not count.
"""

from dataclasses import dataclass
from pathlib import Path

from .steps import Change, load_steps, typed_changes

REACHED, BEGUN = 0.5, 0.1


@dataclass(frozen=True)
class Progress:
    chapter: int  # the last one that is reached, or 0
    begun: float = 0.0  # how much of the next one is there, from 0 to 1


def find_progress(folder: Path) -> Progress:
    shares = {step.number: share_of(folder, typed_changes(step.number)) for step in load_steps()}
    reached = max((number for number, share in shares.items() if share >= REACHED), default=0)
    begun = shares.get(reached + 1, 0.0)
    return Progress(reached, begun if begun >= BEGUN else 0.0)


def share_of(folder: Path, changed: list[Change]) -> float:
    """Of the lines that these changes add, the part that the project has."""
    wanted = found = 0
    for change in changed:
        added = words(change.after or "") - words(change.before or "")
        file = folder / change.path
        wanted += len(added)
        found += len(added & words(read_leniently(file))) if file.is_file() else 0
    return found / wanted if wanted else 0.0


def words(text: str) -> set[str]:
    """The lines that say something, without their indentation and their comments."""
    lines = (line.split("  #")[0].strip() for line in text.splitlines())
    return {line for line in lines if any(character.isalpha() for character in line)}


def read_leniently(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
