"""The settings, as a new Python process reads them from its environment."""

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio import ConnectionPool

from tools.sqlite import path_of, url_of

PROJECT = Path(__file__).parents[2]
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "a-long-and-random-key-of-more-than-fifty-characters-0123456789",
    "ALLOWED_HOSTS": "notes.example",
    "CSRF_TRUSTED_ORIGINS": "https://notes.example",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}
NUMBERS = [
    "MAX_FRAME_BYTES",
    "MAX_NOTE_BYTES",
    "MAX_QUEUED_BYTES",
    "MAX_UNSAVED_BYTES",
    "MAX_FRAMES_PER_SECOND",
    "MAX_CONNECTIONS",
    "MAX_CONNECTIONS_PER_ADDRESS",
    "MAX_CONNECTS_PER_SECOND",
    "COMPACT_AFTER_UPDATES",
]
MISTAKES = {
    "DEBUG": ["", "ture", "off,"],
    "TRUST_FORWARDED_PROTO": ["proxy"],
    "SECURE_SSL_REDIRECT": ["always"],
    "SECURE_HSTS_SECONDS": ["-1", "a year"],
    "CHECK_LOG_SECONDS": ["", "0", "-3", "3s", "nan", "inf"],
    "LOG_LEVEL": ["", "LOUD"],
    "ALLOWED_HOSTS": ["https://a.example", "a.example:443", "a.example/notes", "*.a.example", "::1", "a b.example"],
    "CSRF_TRUSTED_ORIGINS": ["a.example", "https://a.example/", "https://a.example:443", "https://a.example/notes"],
    "DATABASE_URL": [
        "",
        "db.sqlite3",
        "sqlite://",
        "sqlite://db.sqlite3",
        "sqlite:////srv/c#/db.sqlite3",
        "sqlite:////srv/why?/db.sqlite3",
        "mysql://ada:t3a@127.0.0.1/notes",
        "postgres://ada:t3a@127.0.0.1",
        "postgres://ada:t3a@127.0.0.1:lots/notes",
        "postgres://ada:t3a@127.0.0.1:99999/notes",
        *[f"postgres://ada:{start}{end}t3a@127.0.0.1/notes" for start in ("4", "four") for end in "/#?"],
    ],
    "REDIS_URL": [
        "127.0.0.1:6379",
        "http://127.0.0.1:6379/0",
        "redis://127.0.0.1:lots/0",
        "redis://127.0.0.1:99999/0",
        "redis://127.0.0.1:6379/notes",
        "redis://127.0.0.1:6379/0?socket_timeout=lots",
        "redis://127.0.0.1:6379/0?sugar=no",
        *[f"redis://:{start}{end}t3a@127.0.0.1/0" for start in ("4", "four") for end in "/#?"],
    ],
    **{name: ["", "lots", "-1", "0", "1.5"] for name in NUMBERS},
}
SHOW_DEBUG_PAGE = """
from django.views.debug import ExceptionReporter
report = ExceptionReporter(None, ValueError, ValueError("a fault"), None)
print(report.get_traceback_html(), report.get_traceback_text())
"""
ASK_IN_VAIN = """
import logging
from django.test import Client
logging.basicConfig(format="once more: %(message)s")  # as Daphne does, and uvicorn does not
browser = Client(raise_request_exception=False)
for host in ("notes.example", "evil.example"):
    browser.get("/", headers={"host": host}, secure=True)
"""

ReadSettings = Callable[..., dict[str, Any]]


@pytest.fixture
def read_settings(monkeypatch: pytest.MonkeyPatch) -> ReadSettings:
    def read_settings(**environment: str) -> dict[str, Any]:
        for name in [*MISTAKES, "SECRET_KEY"]:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(PROJECT / "realtime_notes" / "settings.py"))

    return read_settings


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return manage_in(PROJECT, *arguments, **environment)


def manage_in(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=project,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_deployment_check_is_clean_with_production_settings(tmp_path: Path) -> None:
    production = {**PRODUCTION, "STATIC_ROOT": str(tmp_path)}
    assert manage("collectstatic", "--no-input", "--ignore", "admin", **production).returncode == 0
    result = manage("check", "--deploy", "--fail-level", "WARNING", **production)
    assert (result.returncode, result.stdout) == (0, "System check identified no issues (0 silenced).\n"), (
        result.stderr
    )


def test_without_debug_a_secret_key_is_asked_for() -> None:
    result = manage("check", DEBUG="off")
    assert result.returncode != 0
    assert "DEBUG is off, so SECRET_KEY must be set." in result.stderr


def test_blanks_and_capitals_between_commas_do_not_matter(read_settings: ReadSettings) -> None:
    settings = read_settings(
        ALLOWED_HOSTS=" a.example, .B.example,, [::1] ",
        CSRF_TRUSTED_ORIGINS="https://a.example , https://*.b.example:8443",
    )
    assert settings["ALLOWED_HOSTS"] == ["a.example", ".b.example", "[::1]"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://a.example", "https://*.b.example:8443"]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in MISTAKES.items() for value in values])
def test_what_cannot_work_is_refused_by_a_sentence_that_names_the_variable(
    name: str, value: str, read_settings: ReadSettings
) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} (must|has) .*\.$") as refused:
        read_settings(**{name: value})
    assert "t3a" not in str(refused.value)  # a password


def test_what_is_refused_at_start_shows_no_password() -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        result = manage("check", **{name: "redis://ada:#t3a@127.0.0.1/0"})
        assert result.returncode != 0
        assert f"{name} must look like " in result.stderr
        assert "t3a" not in result.stdout + result.stderr


def test_a_password_may_hold_any_character(read_settings: ReadSettings) -> None:
    password = "t3a/#?@:% +[ü"
    settings = read_settings(
        DATABASE_URL=f"postgres://ada:{quote(password, safe='')}@127.0.0.1:5433/notes?sslmode=require",
        REDIS_URL=f"rediss://:{quote(password, safe='')}@127.0.0.1:6380/1",
    )
    assert settings["DATABASE"] == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "notes",
        "USER": "ada",
        "PASSWORD": password,
        "HOST": "127.0.0.1",
        "PORT": 5433,
        "OPTIONS": {"sslmode": "require"},
    }
    [host] = settings["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"]
    found = ConnectionPool.from_url(host["address"]).connection_kwargs
    assert (found["password"], found["host"], found["port"], found["db"]) == (password, "127.0.0.1", 6380, 1)


def test_the_debug_page_shows_no_password() -> None:
    addresses = {"DATABASE_URL": "postgres://ada:t3a@127.0.0.1/notes", "REDIS_URL": "redis://:t3a@127.0.0.1:6379/0"}
    result = manage("shell", "--verbosity", "0", "-c", SHOW_DEBUG_PAGE, **addresses)
    assert "CHANNEL_LAYERS" in result.stdout, result.stderr
    assert "t3a" not in result.stdout


@pytest.mark.parametrize("debug", ["off", "on"])
def test_the_log_says_once_what_failed(debug: str, tmp_path: Path) -> None:
    """Django itself writes to the console only while DEBUG is on."""
    without_tables = {**PRODUCTION, "DEBUG": debug, "DATABASE_URL": url_of(tmp_path / "db.sqlite3")}
    said = manage("shell", "--verbosity", "0", "-c", ASK_IN_VAIN, **without_tables).stderr
    assert "ERROR django.request Internal Server Error: /\nTraceback (most recent call last):" in said
    assert "OperationalError: no such table: notes_note" in said
    assert "ERROR django.security.DisallowedHost Invalid HTTP_HOST header: 'evil.example'." in said
    assert "once more" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_the_project_may_be_in_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "c++" / "C# projects" / "why?" / "a%20b" / "Übung" / 'Ada\'s "notes" @home &c; $HOME'
    shutil.copytree(PROJECT / "realtime_notes", folder / "realtime_notes")
    shutil.copy(PROJECT / "manage.py", folder)
    for name in ("channels_yjs", "notes", "templates"):
        (folder / name).symlink_to(PROJECT / name)
    result = manage_in(folder, "migrate", "--verbosity", "0")
    assert (result.returncode, result.stderr) == (0, "")
    assert list(tmp_path.rglob("*.sqlite3")) == [folder / "db.sqlite3"]


@pytest.mark.parametrize("name", ["c++", "C# projects", "why?", "a%20b", "Übung", "Ada's @home"])
def test_the_address_of_a_file_leads_to_it(name: str, read_settings: ReadSettings, tmp_path: Path) -> None:
    path = tmp_path / name / "db.sqlite3"
    assert read_settings(DATABASE_URL=url_of(path))["DATABASE"]["NAME"] == path
    assert path_of(url_of(path)) == path


def test_a_relative_path_starts_from_the_projects_folder(
    read_settings: ReadSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(DATABASE_URL="sqlite:///some.sqlite3")["DATABASE"]["NAME"] == PROJECT / "some.sqlite3"


def test_models_and_migrations_agree() -> None:
    assert manage("makemigrations", "--check", "--dry-run").returncode == 0
