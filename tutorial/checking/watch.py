"""Checks a project now, and again after every save. Looks at the files' times instead of waiting for events, which
not every file system sends."""

import time
from contextlib import suppress
from pathlib import Path

from tutorial.check import check
from tutorial.steps import TutorialError

from .folder import files_of
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
    found = {}
    for path in files_of(folder):
        with suppress(FileNotFoundError):  # an editor's own file is gone again
            found[str(path)] = path.stat().st_mtime
    return found
