"""What a check says at its end: in which order, how often, and for what it does not say that all is well."""

from pathlib import Path

import pytest

from tutorial.checking.claims import as_name, claim_of, rank
from tutorial.checking.printed import fault_in, last_line
from tutorial.checking.report import Report
from tutorial.checking.run import EVERYTHING, Choice, Result
from tutorial.checking.start import Failure
from tutorial.steps import write_project

NOT_FOUND = 'Not Found: /ws/notes/1\n[26/Nov/2026 06:50:44] "GET /ws/notes/1 HTTP/1.1" 404 3110\n'
LIVE = "AssertionError: Locator expected to contain text 'Live'\nActual value: Offline: reload this page "
FIRST, FOUND = "test_the_first_note_is_there[chromium]", "test_a_note_is_created_found_and_deleted[chromium]"
ANSWERS, KILL = "test_the_server_answers_what_is_written[chromium]", "test_what_is_saved_outlives_a_kill[chromium]"
TYPING, EMOJI = "test_typing_appears_at_the_other_side_while_it_is_typed[chromium]", "test_text_arrives[chromium-{}]"


def red(name: str, chapter: int, message: str = LIVE, log: str = "") -> Result:
    return Result(name, chapter, passed=False, message=message, log=log)


def green(name: str, chapter: int) -> Result:
    return Result(name, chapter, passed=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_project(3, tmp_path)
    return tmp_path


def said(folder: Path, *results: Result, tests: Choice = EVERYTHING, chapter: int = 3) -> str:
    return Report(folder, chapter, tests).render(list(results))


def test_the_newest_chapter_comes_first_and_older_ones_are_only_named(folder: Path) -> None:
    console = "AssertionError: A browser's console shows an error: WebSocket connection failed"
    text = said(folder, red(FOUND, 1, console), red(FIRST, 1, console), red(ANSWERS, 2, log=NOT_FOUND))
    newest, older = text.split("These do not pass either, and most likely for the same reason:")
    assert newest.splitlines()[2:6] == [
        "✗ The server answers what is written (chapter 2, A socket)",
        '  Look at: "daphne" is missing in INSTALLED_APPS. (chapter 2)',
        "  The test says: Locator expected to contain text 'Live', but found “Offline: reload this page”",
        "  The server printed: Not Found: /ws/notes/1",
    ]
    assert "✗ A note is created found and deleted (chapter 1, Pages)\n✗ The first note is there" in older
    assert "Read again: chapter 2, A socket." in older
    assert "console" not in text


def test_the_simplest_test_comes_first_and_each_hint_once(folder: Path) -> None:
    text = said(folder, red(KILL, 3, log=NOT_FOUND), red(TYPING, 3, log=NOT_FOUND), red(FIRST, 1))
    assert text.index("✗ Typing appears") < text.index("Look at:") < text.index("✗ What is saved outlives a kill")
    assert text.count("Look at:") == 1


def test_the_parameters_of_one_test_are_one_block(folder: Path) -> None:
    text = said(folder, red(EMOJI.format("emoji"), 3), red(EMOJI.format("CJK"), 3), green(FIRST, 1))
    assert text.startswith("Of 2 browser tests that were run, 1 passes. This does not:\n")
    assert text.count("✗ Text arrives") == 1


def test_the_next_command_is_for_the_failure_with_a_hint(folder: Path) -> None:
    text = said(folder, red(TYPING, 3), red(ANSWERS, 2, log=NOT_FOUND))
    assert text.index("✗ Typing appears") < text.index("✗ The server answers") < text.index('Look at: "daphne"')
    assert f'nox -s check -- {folder} --only "the server answers what is written"' in text
    text = said(folder, red(TYPING, 3), red(ANSWERS, 2))
    assert f'nox -s check -- {folder} --only "typing appears at the other side while it is typed"' in text


def test_of_the_hints_that_nothing_printed_the_one_for_a_line_that_differs_comes_first(folder: Path) -> None:
    consumers = folder / "notes" / "consumers.py"
    consumers.write_text(consumers.read_text().replace('if event["by"] != self.channel_name:', "if True:"))
    hints = said(folder, red(TYPING, 3)).partition("Seen most in chapter 3:\n")[2].splitlines()
    assert hints[0].startswith("  The caret jumps while you type")
    assert len(hints) > 5


def test_the_differences_follow_the_hints_and_are_few(folder: Path) -> None:
    settings = folder / "realtime_notes" / "settings.py"
    settings.write_text(settings.read_text().replace('"django.contrib.', '"django.contrb.'))
    text = said(folder, red(TYPING, 3, "AttributeError: 'NoneType' object has no attribute 'group_add'"))
    assert text.index("Look at: The setting CHANNEL_LAYERS") < text.index("Your files differ from those of chapter 3")
    assert text.count("chapter's: ") == 3
    assert f"The other 4 differences: nox -s diff -- 3 {folder}" in text


def test_all_is_well_with_what_was_run(folder: Path) -> None:
    everything = said(folder, green(TYPING, 3), green(FIRST, 1))
    assert everything.splitlines() == [
        "All 2 browser tests up to chapter 3 pass.",
        f"The exercise is not among them. To check it: nox -s check -- {folder} --exercise",
        "Next: chapter 4, Two processes.",
    ]
    assert "need a Redis were left out" in said(folder, green(TYPING, 3), tests=Choice(with_redis=False))
    assert said(folder, green(TYPING, 3), green(FIRST, 1), tests=Choice(words="t")).splitlines() == [
        "✓ The first note is there (chapter 1, Pages)",
        "✓ Typing appears at the other side while it is typed (chapter 3, Everybody)",
        "These were run, and pass. The other tests and the exercise were not run.",
    ]


def test_an_exercise_is_solved_or_not(folder: Path) -> None:
    name = "test_the_page_says_when_somebody_else_wrote[chromium]"
    solved = said(folder, green(name, 3), tests=Choice(exercise=True))
    assert "The exercise of chapter 3 is solved. Well done.\nOnly the exercise was run." in solved
    unsolved = said(folder, red(name, 3), tests=Choice(exercise=True))
    assert unsolved.startswith("The exercise of chapter 3 is not solved yet:\n\n✗ The page says when somebody else")
    assert "differ" not in unsolved


def test_a_server_that_does_not_start(folder: Path) -> None:
    printed = "Traceback\n  File\nImproperlyConfigured: Cannot find ASGI_APPLICATION\n"
    lines = Report(folder, 2, EVERYTHING).render_failure(Failure("Your server does not start.", printed)).splitlines()
    assert lines[:3] == [
        "✗ Your server does not start.",
        "  Look at: The setting ASGI_APPLICATION is missing. (chapter 2)",
        "  It printed: ImproperlyConfigured: Cannot find ASGI_APPLICATION",
    ]


def test_what_the_kit_itself_asked_for_is_no_reason() -> None:
    asked = 'Not Found: /notes/987654321/\n[26/Nov/2026] "GET /notes/987654321/ HTTP/1.1" 404 1\nBroken pipe\n'
    assert fault_in(asked) == ""
    assert fault_in(NOT_FOUND + asked) == "Not Found: /ws/notes/1"
    assert fault_in(f"{NOT_FOUND}Traceback\n  File\nValueError: No route\nWebSocket DISCONNECT /ws/notes/1\n") == (
        "ValueError: No route"
    )
    assert fault_in("django.urls.exceptions.NoReverseMatch: Reverse for 'x' not found.\nelse\n").endswith(
        "not found."
    )
    assert last_line("Something\nelse\n") == "else"


def test_claims() -> None:
    assert claim_of("test_notes_do_not_mix[chromium-a_b]") == "Notes do not mix"
    assert as_name("Who doesn't mix, today") == "who_doesnt_mix_today"
    assert sorted([(KILL, 3), (FIRST, 1), (TYPING, 3)], key=lambda one: rank(*one)) == [
        (TYPING, 3),
        (KILL, 3),
        (FIRST, 1),
    ]
