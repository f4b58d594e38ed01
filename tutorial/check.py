"""Checks a reader's own project: finds out how far it is, runs the browser tests up to there against a copy of it,
and says in the reader's words what two browsers saw.

Nothing is written into the project: what runs is a copy, with a database of its own, in the kit's environment.
"All is well" is said only of tests that have been run, and it is said which ones they were.
"""

import tempfile
from pathlib import Path

from .checking.folder import copy_project, require_project
from .checking.report import Report
from .checking.run import EVERYTHING, Choice, run_tests
from .checking.sentences import name_of
from .checking.start import Failure, try_to_start
from .checking.unawaited import find_unawaited
from .progress import Progress, find_progress
from .steps import TutorialError


def check(folder: Path, chapter: int | None = None, tests: Choice = EVERYTHING) -> bool:
    """Prints what there is to say, and returns whether all is well. Raises TutorialError for what is no project."""
    progress = find_progress(require_project(folder))
    last = chapter or progress.chapter
    if not last:
        raise TutorialError(too_little(folder, progress))
    say_where(last, progress)
    report = Report(folder, last, tests)
    with tempfile.TemporaryDirectory(prefix="realtime-notes-check-") as place:
        copy = copy_project(folder, Path(place))
        if calls := find_unawaited(copy):
            print(report.render_unawaited(calls))
            return False
        with try_to_start(copy, Path(place), last, tests) as server:
            if isinstance(server, Failure):
                print(report.render_failure(server))
                return False
            print("Opening browsers …", flush=True)
            results = run_tests(server, Path(place), last, tests)
    print(report.render(results))
    return all(result.passed for result in results)


def too_little(folder: Path, progress: Progress) -> str:
    return (
        f"Your project has {progress.begun:.0%} of {name_of(1)}, too little to run yet. Go on with that chapter. "
        f"To see what is missing so far: nox -s diff -- 1 {folder}"
    )


def say_where(chapter: int, progress: Progress) -> None:
    print(f"Your project is at {name_of(chapter)}.")
    if chapter == progress.chapter and progress.begun:
        begun = name_of(chapter + 1)
        print(
            f"It has {progress.begun:.0%} of {begun}. To run the tests of that one as well: --chapter {chapter + 1}"
        )
