"""Checks a project now, and again after every save. Looks at the files' times instead of waiting for events, which
not every file system sends."""

import time
from pathlib import Path

from tutorial.check import check
from tutorial.steps import TutorialError

from .folder import is_copied
from .run import EVERYTHING, Choice

LOOK_AGAIN_SECONDS = 1.0


def watch(folder: Path, chapter: int | None = None, tests: Choice = EVERYTHING) -> None:
    seen = None
    while True:
        if (now := times(folder)) != seen:
            seen = now
            try:
                check(folder, chapter, tests)
            except TutorialError as error:
                print(error)
            print("\nWatching. Save a file to check it again; Ctrl-C ends this.", flush=True)
        time.sleep(LOOK_AGAIN_SECONDS)


def times(folder: Path) -> dict[str, float]:
    kept = [path for path in folder.rglob("*") if path.is_file() and is_copied(path.relative_to(folder))]
    return {str(path): path.stat().st_mtime for path in kept}
