"""Checks a reader's own project: finds out how far it is, runs the browser tests up to there against a copy of it,
and says in the reader's words what two browsers saw.

Nothing is written into the project: what runs is a copy, with a database of its own, in the kit's environment.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.app_server import AppServer
from tools.process import ProcessError
from tools.redis import RedisNotFoundError, find_redis
from tools.sqlite import url_of

from . import vendor
from .hints import find_hints, hints_of
from .progress import Progress, find_progress
from .steps import REPOSITORY, TutorialError, load_steps

NOT_COPIED = shutil.ignore_patterns(
    ".venv", "venv", "env", "node_modules", "__pycache__", ".git", "db.sqlite3*", "*.log", ".pytest_cache"
)
REDIS_SINCE = 4
LOOK_AGAIN_SECONDS = 1.0
MOST_HINTS, MOST_FAILURES = 3, 3
SOON = ["--hurried", "--maxfail", str(MOST_FAILURES)]  # whoever has three to mend needs no fourth
REQUEST = r"(HTTP|WebSocket|WSCONNECT\w*|WSDISCONNECT|\"GET|\"POST) "
START = r"INFO +(Starting server at|HTTP/2 support|Configuring endpoint|Listening on) "
NOISE = re.compile(rf"^(\s*|\s+[\^~]+\s*|.*{REQUEST}.*|.*{START}.*|.*favicon.*|.*Broken pipe from.*)$")
FAULT = re.compile(
    r"^[\w.]*(Error|Exception|DoesNotExist|TemplateDoesNotExist|ImproperlyConfigured|SynchronousOnlyOperation)\b"
)


@dataclass(frozen=True)
class Result:
    """Of one test: what a browser saw, what it complained of in its console, and what the servers printed."""

    name: str
    chapter: int
    passed: bool
    message: str
    console: str
    log: str


@dataclass(frozen=True)
class Choice:
    """Which of the browser tests up to a chapter are run."""

    only_new: bool = False
    with_redis: bool = True
    words: str = ""  # that the claims of the chosen tests have

    def scope(self, chapter: int) -> str:
        words = f" with the words “{self.words}”" if self.words else ""
        return f"{'new in' if self.only_new else 'up to'} chapter {chapter}{words}"

    def options(self) -> list[str]:
        """Of pytest. A few are done before a second process has started to help."""
        chosen = ["--new"] if self.only_new else []
        chosen += ["-k", as_name(self.words)] if self.words else []
        chosen += [] if self.with_redis else ["--without-redis"]
        return [*chosen, "-n", "0" if self.only_new or self.words else "2"]


def check(folder: Path, chapter: int | None = None, tests: Choice = Choice()) -> bool:
    """Prints what there is to say, and returns whether all is well. Raises TutorialError for what is no project."""
    progress = find_progress(require_project(folder))
    last = chapter or progress.chapter
    if not last:
        raise TutorialError(no_chapter(folder, progress))
    say_where(last, progress)
    with tempfile.TemporaryDirectory(prefix="realtime-notes-check-") as place:
        copy = copy_project(folder, Path(place), last)
        preflight(copy, Path(place), last, tests)
        results = run_tests(copy, Path(place), last, tests)
    return say_results(results, last, folder, tests)


def watch(folder: Path, chapter: int | None = None, tests: Choice = Choice()) -> None:
    """Checks now, and again after every save. Looks by itself instead of waiting for events, which do not come from
    every file system."""
    seen = None
    while True:
        if (now := times(folder)) != seen:
            seen = now
            try:
                check(folder, chapter, tests)
            except TutorialError as error:
                print(error)
            print("\nWatching. Save a file to have it checked again; Ctrl-C ends it.", flush=True)
        time.sleep(LOOK_AGAIN_SECONDS)


def require_project(folder: Path) -> Path:
    if not folder.exists():
        raise TutorialError(
            f"There is no folder {folder}. Give the folder of your project: nox -s check -- ../my-notes"
        )
    if not folder.is_dir():
        raise TutorialError(f"{folder} is a file. Give the folder with your manage.py.")
    if not any(folder.iterdir()):
        raise TutorialError(
            f"{folder} is empty, so there is nothing to check yet. Begin with docs/tutorial/01-pages.md, "
            f"or take a chapter's project to go on from: nox -s chapter -- 1 {folder}"
        )
    if not (folder / "manage.py").is_file():
        below = sorted(path.parent.name for path in folder.glob("*/manage.py"))
        instead = f" Did you mean {folder / below[0]}?" if below else " It is made in chapter 1, “The project”."
        raise TutorialError(f"There is no manage.py in {folder}, so it is not the folder of a project.{instead}")
    return folder


def no_chapter(folder: Path, progress: Progress) -> str:
    return (
        f"Of chapter 1 {progress.begun:.0%} is there, which is too little to run. "
        f"Go on with docs/tutorial/01-pages.md; what is missing so far says: nox -s diff -- 1 {folder}"
    )


def say_where(chapter: int, progress: Progress) -> None:
    step = load_steps()[chapter - 1]
    print(f"Your project is at chapter {chapter}, {title(chapter)} (docs/tutorial/{step.page.name}).")
    if chapter == progress.chapter and progress.begun:
        print(f"Chapter {chapter + 1}, {title(chapter + 1)}, is begun: {progress.begun:.0%} of it is there.")


def title(chapter: int) -> str:
    return load_steps()[chapter - 1].page.read_text(encoding="utf-8").splitlines()[0].split(". ", 1)[1]


def copy_project(folder: Path, place: Path, chapter: int) -> Path:
    copy = place / "project"
    shutil.copytree(folder, copy, ignore=NOT_COPIED, symlinks=True)
    if chapter >= vendor.SINCE and not (copy / vendor.FOLDER / "yjs.js").exists():
        print(
            "The browser libraries are not built in your project (npm ci && npm run build). The kit's own are used."
        )
        vendor.provide(copy)
    return copy


def preflight(copy: Path, place: Path, chapter: int, tests: Choice) -> None:
    """Raises TutorialError, with what was printed and what to do, if the project does not even start."""
    server = AppServer(url_of(place / "preflight.sqlite3"), project=copy)
    if chapter >= REDIS_SINCE and tests.with_redis:
        require_redis()
    elif chapter >= REDIS_SINCE:
        print("What needs a Redis is left out.")
    migrated = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=copy,
        env=dict(server.environment()),
        capture_output=True,
        text=True,
        check=False,
    )
    if migrated.returncode:
        printed = migrated.stdout + migrated.stderr
        raise TutorialError(explain("`python manage.py migrate` fails.", printed, chapter))
    try:
        with server:
            pass
    except ProcessError as error:
        raise TutorialError(explain("Your server does not start.", str(error), chapter)) from None


def require_redis() -> None:
    try:
        find_redis()
    except RedisNotFoundError as error:
        raise TutorialError(
            f"From chapter {REDIS_SINCE} on the tests need a Redis. {error} "
            "Or leave out what needs it: nox -s check -- … --without-redis"
        ) from None


def run_tests(copy: Path, place: Path, chapter: int, tests: Choice) -> list[Result]:
    report = place / "results.json"
    left_out = ["--ignore", "e2e/faults", "--ignore", "e2e/test_tutorial_pictures.py", "-m", "not app"]
    command = [sys.executable, "-m", "pytest", "e2e", "-q", *left_out, "-p", "no:cacheprovider"]
    options = ["-p", "tutorial.results", "--results", str(report), *SOON]
    chosen = ["--chapter", str(chapter), "--project", str(copy)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    print("Opening browsers …", flush=True)
    result = subprocess.run(
        [*command, *options, *chosen, *tests.options()],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        raise TutorialError(f"The tests could not be run:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    if not (results := json.loads(report.read_text())):
        raise TutorialError(f"There are no browser tests {tests.scope(chapter)}. Leave out fewer of them.")
    return [Result(**fields) for fields in results]


def say_results(results: list[Result], chapter: int, folder: Path, tests: Choice) -> bool:
    failed = sorted((result for result in results if not result.passed), key=lambda result: result.chapter)
    if not failed:
        scope = tests.scope(chapter)
        several = f"All {len(results)} browser tests {scope} pass."
        print(several if len(results) > 1 else f"The browser test {scope} passes.", "Well done.")
        if chapter < len(load_steps()) and not tests.words:
            print(f"Next: docs/tutorial/{load_steps()[chapter].page.name}")
        return True
    print(f"{len(results) - len(failed)} of the {len(results)} browser tests that were run pass. These do not:")
    said: set[str] = set()
    for result in failed:
        cause = render_cause(result, chapter, folder)
        gist = re.sub(r"\d+", "", cause)  # whichever note and port it was
        if gist not in said:
            print(f"\n✗ {claim(result.name)} (chapter {result.chapter})\n{cause}")
        else:
            print(f"\n✗ {claim(result.name)} (chapter {result.chapter}): the same.")
        said.add(gist)
    if len(failed) >= MOST_FAILURES:
        print("\nThere may be more; the others were not run. Look at the first one first.")
    if len(results) > 1:
        words = claim(failed[0].name).lower()
        print(f'\nTo check just that one again: nox -s check -- {folder} --only "{words}"')
    return False


def render_cause(result: Result, chapter: int, folder: Path) -> str:
    line = last_line(result.log)
    return "\n".join(
        [
            f"  The browsers saw: {in_plain_words(result.message)}",
            *(f"  A browser's console: {complaint}" for complaint in result.console.splitlines()[:1]),
            *([f"  The server's last line: {line}"] if line else []),
            *(f"  {advice}" for advice in advise_or_ask(result, chapter)),
            f"  Read again: docs/tutorial/{load_steps()[result.chapter - 1].page.name}; "
            f"compare: nox -s diff -- {result.chapter} {folder}",
        ]
    )


def in_plain_words(message: str) -> str:
    """Without the names of Python's and Playwright's own classes before it."""
    return re.sub(r"^([\w.]*(Error|Exception): )+", "", message)


def explain(what: str, printed: str, chapter: int) -> str:
    said = [f"  It says: {line}" for line in [last_line(printed)] if line]
    advice = [f"  {line}" for line in advise(printed, chapter)]
    again = f"  Read again: docs/tutorial/{load_steps()[chapter - 1].page.name}"
    return "\n".join([f"✗ {what}", *said, *advice, again])


def advise(printed: str, chapter: int) -> Iterator[str]:
    for hint in find_hints(printed, chapter)[:MOST_HINTS]:
        yield f"Look at: {hint.advice} (chapter {hint.step.number})"


def advise_or_ask(result: Result, chapter: int) -> Iterator[str]:
    """What fits to what was printed; or else, of the failing test's chapter, what a reader has to recognize."""
    if advice := list(advise(f"{result.message}\n{result.console}\n{result.log}", chapter)):
        yield from advice
    elif seen := [hint for hint in hints_of(result.chapter) if not hint.is_printed]:
        yield f"Nothing that was printed tells why. What is seen most in chapter {result.chapter}:"
        yield from (f"  {hint.seen} → {hint.advice}" for hint in seen)


def claim(name: str) -> str:
    """`test_notes_do_not_mix[chromium]` as a sentence."""
    words = re.sub(r"\[.*\]$", "", name).removeprefix("test_").replace("_", " ")
    return f"{words[0].upper()}{words[1:]}"


def as_name(words: str) -> str:
    """The other way round, for some of the words."""
    return re.sub(r"\W+", "_", words.lower()).strip("_")


def last_line(log: str) -> str:
    """What a reader would look at in the terminal: the last line that is not a mere request, an exception's first."""
    lines = [line.strip() for line in log.splitlines() if not NOISE.match(line)]
    faults = [line for line in lines if FAULT.match(line)]
    return (faults or lines or [""])[-1]


def times(folder: Path) -> dict[str, float]:
    kept = [path for path in folder.rglob("*") if path.is_file() and not ignored(path.relative_to(folder))]
    return {str(path): path.stat().st_mtime for path in kept}


def ignored(path: Path) -> bool:
    return any(NOT_COPIED(".", [part]) for part in path.parts)
