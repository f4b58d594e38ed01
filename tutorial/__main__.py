"""The reader's commands: `python -m tutorial check ../my-notes`, or through nox: `nox -s check -- ../my-notes`."""

import argparse
import difflib
import signal
import sys
from pathlib import Path

from .beginning import beginning_after
from .carry import carry
from .check import check
from .checking.folder import require_project
from .checking.run import Choice
from .checking.sentences import name_of
from .checking.watch import watch
from .hints import hints_of, in_terminal
from .progress import read_leniently
from .steps import TutorialError, load_steps, project, read, removed_by, write_project
from .take import take
from .trials.attacks import ATTACKS, attack
from .trials.crowd import crowd

INTERRUPTED = 130  # as a shell says it: what was to be done has not been done


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        run(options)
    except TutorialError as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        print("\nEnded.")
        raise SystemExit(0 if getattr(options, "watch", False) else INTERRUPTED) from None


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
        case "attack":
            raise SystemExit(0 if attack(options.name, options.folder) else 1)
        case "crowd":
            crowd(options.folder)
        case "carry":
            for path in carry(options.number):
                print(f"Merged into {path}")
        case "take":
            for taken in take(options.number, options.folder):
                print(f"Wrote {options.folder / taken}.")
        case "hint":
            print(render_hints(options.number))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="chapter|take|check|diff|hint|attack|crowd")
    chapters = range(1, len(load_steps()) + 1)
    for verb, words in {
        "chapter": "write the project as it stands after a chapter into a new folder",
        "diff": "show your files beside those of a chapter",
        "take": "hand over those files of a chapter that you need not type",
        "carry": "for authors: carry what changed in a chapter's files through the later chapters",
        "hint": "say what to think of when a chapter does not work",
    }.items():
        command = verbs.add_parser(verb, prog=f"nox -s {verb} --", help=words, description=words)
        command.add_argument("number", type=int, choices=chapters, metavar="CHAPTER", help=f"1 to {chapters[-1]}")
        if verb in ("chapter", "diff", "take"):
            command.add_argument("folder", type=Path, help="of the project")
    words = "attack your own server"
    command = verbs.add_parser("attack", prog="nox -s attack --", help=words, description=words)
    command.add_argument("name", choices=ATTACKS, help="of the attack")
    command.add_argument("folder", type=Path, help="of your project")
    words = "measure your server with fifty people on one note"
    command = verbs.add_parser("crowd", prog="nox -s crowd --", help=words, description=words)
    command.add_argument("folder", type=Path, help="of your project")
    words = "check your project in real browsers"
    command = verbs.add_parser("check", prog="nox -s check --", help=words, description=words)
    command.add_argument("folder", type=Path, help="of your project")
    command.add_argument("--watch", action="store_true", help="check again at every save")
    command.add_argument(
        "--chapter", type=int, choices=chapters, help="check up to there, however far it seems to be"
    )
    command.add_argument(
        "--without-redis", action="store_true", help="leave out the tests that need a Redis, where there is none"
    )
    narrowed = command.add_mutually_exclusive_group()
    narrowed.add_argument("--new", action="store_true", help="run only the tests that are new in that chapter")
    narrowed.add_argument("--only", default="", metavar="WORDS", help="run only tests with these words in their name")
    narrowed.add_argument("--exercise", action="store_true", help="run only the test of that chapter's exercise")
    return parser.parse_args(arguments)


def tests_of(options: argparse.Namespace) -> Choice:
    return Choice(options.new, not options.without_redis, options.only, options.exercise)


def write_chapter(number: int, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TutorialError(f"{folder} is not empty. Choose a new folder, so that none of your files is overwritten.")
    folder.mkdir(parents=True, exist_ok=True)
    write_project(number, folder)
    print(f"The project after {name_of(number)}, is in {folder}.")
    print(render_beginning(number))


def render_beginning(number: int) -> str:
    beginning = beginning_after(number)
    here = ["", "To go on from there, type here:", *map("    {}".format, beginning.in_the_kit)]
    there = ["", f"{'Then' if beginning.in_the_kit else 'To go on from there,'} type in that folder:"]
    commands = map("    {}".format, beginning.in_the_project)
    windows = "(on Windows: the first two as chapter 1 has them)"
    return "\n".join([*(here if beginning.in_the_kit else []), *there, *commands, windows])


def render_diff(number: int, folder: Path) -> str:
    require_project(folder)
    parts = [diff_of(path, folder / path, read(source)) for path, source in project(number).items()]
    parts += [
        f"{path} is not part of it any more: delete it." for path in removed_by(number) if (folder / path).exists()
    ]
    changed = [part for part in parts if part]
    return "\n".join(changed) or f"Your project has every file of chapter {number} as the chapter has it."


def diff_of(path: str, own: Path, reference: str) -> str:
    """Ours beside theirs: + is what the chapter has and they have not."""
    if not own.is_file():
        return f"{path} is missing."
    lines = difflib.unified_diff(
        read_leniently(own).splitlines(), reference.splitlines(), f"yours/{path}", f"chapter/{path}", lineterm=""
    )
    return "\n".join(lines)


def render_hints(number: int) -> str:
    rows = [f"{in_terminal(hint.seen)}\n    {in_terminal(hint.advice)}" for hint in hints_of(number)]
    return "\n\n".join([f"If chapter {number} does not work:", *rows])


if __name__ == "__main__":
    for name in {"SIGTERM", "SIGHUP"} & set(dir(signal)):  # or copies of projects would stay, and servers on a Mac
        signal.signal(getattr(signal, name), lambda *_: sys.exit(INTERRUPTED))
    main()
