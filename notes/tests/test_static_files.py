"""Collected files and uncollected ones, from a source folder of the test's own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.http import FileResponse
from django.templatetags.static import static
from django.test import Client
from pytest_django import Settings
from servestatic.responders import MissingFileError

from realtime_notes.static_files import check_static_files
from tools.app_server import REPOSITORY

pytestmark = pytest.mark.django_db  # the test client needs it
FOR_A_YEAR = "public, max-age=31536000, immutable"
WORDS = "color: #123456;\n" * 100


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Path:
    """The one source folder, with a style sheet in it. STATIC_ROOT is still empty."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("body { " + WORDS + "}")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = tmp_path / "static"
    return source


@pytest.fixture
def restart(settings: Settings) -> Callable[[], Client]:
    """A new server process, as far as static files are concerned."""

    def restart() -> Client:
        settings.STATIC_ROOT = settings.STATIC_ROOT  # makes Django forget the storage
        return Client(headers={"Accept-Encoding": "gzip, br"})

    return restart


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def get(client: Client, address: str) -> tuple[int, str, str]:
    """Returns status, Cache-Control and Content-Encoding."""
    response = client.get(address)
    if isinstance(response, FileResponse):
        response.close()
    return (
        response.status_code,
        response.headers.get("Cache-Control", ""),
        response.headers.get("Content-Encoding", ""),
    )


def test_without_collectstatic_files_have_their_plain_names(source: Path, restart: Callable[[], Client]) -> None:
    client = restart()
    assert static("page.css") == "/static/page.css"
    assert get(client, "/static/page.css") == (200, "max-age=60, public", "")


def test_collected_files_are_hashed_compressed_and_kept_for_a_year(
    source: Path, restart: Callable[[], Client]
) -> None:
    collect()
    client = restart()
    address = static("page.css")
    assert re.fullmatch(r"/static/page\.[0-9a-f]{12}\.css", address)
    assert get(client, address) == (200, FOR_A_YEAR, "br")
    assert get(Client(headers={"Accept-Encoding": "gzip"}), address) == (200, FOR_A_YEAR, "gzip")
    assert get(Client(), address) == (200, FOR_A_YEAR, "")


def test_the_plain_name_of_a_collected_file_goes_on_working(source: Path, restart: Callable[[], Client]) -> None:
    collect()
    assert get(restart(), "/static/page.css")[:2] == (200, "max-age=60, public")


def test_after_an_edit_nothing_collected_is_used_until_it_is_collected_anew(
    source: Path, restart: Callable[[], Client]
) -> None:
    collect()
    restart()
    first = static("page.css")
    (source / "page.css").write_text("main { " + WORDS + "}")
    restart()
    assert static("page.css") == "/static/page.css"
    collect()
    client = restart()
    assert static("page.css") not in (first, "/static/page.css")
    assert get(client, static("page.css"))[1] == FOR_A_YEAR


def test_a_file_that_was_never_collected_is_no_error(source: Path, restart: Callable[[], Client]) -> None:
    collect()
    (source / "new.css").write_text(WORDS)
    client = restart()
    assert static("page.css") != "/static/page.css"
    assert get(client, static("new.css"))[0] == 200
    assert static("missing.css") == "/static/missing.css"


def test_with_debug_on_nothing_collected_is_used(
    source: Path, restart: Callable[[], Client], settings: Settings
) -> None:
    settings.DEBUG = True
    collect()
    assert (settings.STATIC_ROOT / "staticfiles.json").exists(), "collectstatic is for production, wherever it runs"
    client = restart()
    assert static("page.css") == "/static/page.css"
    assert get(client, "/static/page.css")[1] == "max-age=0, public"
    settings.DEBUG = False
    restart()
    collected = static("page.css")
    settings.DEBUG = True
    (source / "page.css").unlink()
    client = restart()
    for address in ("/static/page.css", collected):
        with pytest.raises(MissingFileError):  # ServeStatic shows developers a page of its own
            client.get(address)


def test_while_processes_restart_one_by_one_each_serves_the_files_of_the_other(
    source: Path, restart: Callable[[], Client]
) -> None:
    collect()
    older = restart()
    first = static("page.css")
    assert get(older, first)[0] == 200
    (source / "page.css").write_text("main { " + WORDS + "}")
    collect()
    newer = restart()
    second = static("page.css")
    assert get(older, second)[0] == get(newer, first)[0] == 200
    assert get(newer, "/static/staticfiles.json")[0] == 404
    assert get(newer, "/static/page.0123456789ab.css")[0] == 404


def test_the_deployment_check_asks_for_collectstatic(
    source: Path, restart: Callable[[], Client], settings: Settings
) -> None:
    restart()
    [warning] = check_static_files()
    assert warning.id == "realtime_notes.W002"
    assert warning.hint == "Collect them with: python manage.py collectstatic --no-input"
    collect()
    restart()
    assert check_static_files() == []
    (source / "page.css").write_text(WORDS)
    restart()
    assert [warning.id for warning in check_static_files()] == ["realtime_notes.W002"]
    settings.DEBUG = True
    assert check_static_files() == []


def test_the_command_runs_that_check(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=REPOSITORY,
        env={**os.environ, "DEBUG": "off", "SECRET_KEY": "a" * 50, "STATIC_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "(realtime_notes.W002)" in ended.stderr, ended.stderr


def test_a_manifest_that_somebody_else_wrote_is_not_used(source: Path, restart: Callable[[], Client]) -> None:
    collect()
    manifest = Path(staticfiles_storage.path("staticfiles.json"))
    manifest.write_text('{"paths": {"page.css": "page.0123456789ab.css"}, "version": "1.1", "hash": ""}')
    restart()
    assert static("page.css") == "/static/page.css"
