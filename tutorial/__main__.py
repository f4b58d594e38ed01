"""The reader's commands: `python -m tutorial check ../my-notes`, or by way of nox: `nox -s check -- ../my-notes`."""

import argparse
import difflib
import sys
from pathlib import Path

from .carry import carry
from .check import Choice, check, require_project, watch
from .hints import hints_of
from .progress import read_leniently
from .steps import TutorialError, load_steps, project, read, write_project
from .take import take


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        run(options)
    except TutorialError as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        print("\nEnded.")


def run(options: argparse.Namespace) -> None:
    match options.verb:
        case "chapter":
            write_chapter(options.number, options.folder)
        case "check" if options.watch:
            watch(options.folder, options.chapter, tests_of(options))
        case "check":
            raise SystemExit(0 if check(options.folder, options.chapter, tests_of(options)) else 1)
        case "diff":
            print(render_diff(options.number, options.folder))
        case "carry":
            for path in carry(options.number):
                print(f"Merged into {path}")
        case "take":
            for taken in take(options.number, options.folder):
                print(f"{options.folder / taken} is there.")
        case "hint":
            print(render_hints(options.number))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="chapter|check|diff|hint|take|carry")
    chapters = range(1, len(load_steps()) + 1)
    for verb, words in {
        "chapter": "write the project as it stands after a chapter into a new folder",
        "diff": "show your files beside those of a chapter",
        "take": "hand over those files of a chapter that you need not type",
        "carry": "for authors: carry what changed in a chapter's files through the later chapters",
        "hint": "say what to think of when a chapter does not work",
    }.items():
        command = verbs.add_parser(verb, help=words, description=words)
        command.add_argument("number", type=int, choices=chapters, metavar="CHAPTER", help=f"1 to {chapters[-1]}")
        if verb in ("chapter", "diff", "take"):
            command.add_argument("folder", type=Path, help="of the project")
    command = verbs.add_parser("check", help="check your project", description="Check your project in real browsers.")
    command.add_argument("folder", type=Path, help="of your project")
    command.add_argument("--watch", action="store_true", help="check again at every save")
    command.add_argument(
        "--chapter", type=int, choices=chapters, help="check up to there, however far it seems to be"
    )
    command.add_argument("--new", action="store_true", help="check only what is new in that chapter")
    command.add_argument(
        "--without-redis", action="store_true", help="leave out what needs a Redis, where there is none"
    )
    command.add_argument("--only", default="", metavar="WORDS", help="check only what has these words in its claim")
    return parser.parse_args(arguments)


def tests_of(options: argparse.Namespace) -> Choice:
    return Choice(only_new=options.new, with_redis=not options.without_redis, words=options.only)


def write_chapter(number: int, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TutorialError(f"{folder} is not empty, and nothing of yours shall be lost. Give a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    write_project(number, folder)
    step = load_steps()[number - 1]
    print(f"The project after chapter {number} (docs/tutorial/{step.page.name}) is in {folder}.")


def render_diff(number: int, folder: Path) -> str:
    require_project(folder)
    parts = [diff_of(path, folder / path, read(source)) for path, source in project(number).items()]
    changed = [part for part in parts if part]
    return "\n".join(changed) or f"Your project has every file of chapter {number} as it stands there."


def diff_of(path: str, own: Path, reference: str) -> str:
    """Ours beside theirs: + is what the chapter has and they have not."""
    if not own.is_file():
        return f"{path} is missing."
    lines = difflib.unified_diff(
        read_leniently(own).splitlines(), reference.splitlines(), f"yours/{path}", f"chapter/{path}", lineterm=""
    )
    return "\n".join(lines)


def render_hints(number: int) -> str:
    hints = hints_of(number)
    return "\n\n".join(
        [f"If chapter {number} does not work:", *(f"{hint.seen}\n    {hint.advice}" for hint in hints)]
    )


if __name__ == "__main__":
    main()
