"""The files that a browser fetches: in production compressed, once, and at once; in development as written."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from e2e.conftest import OpenNote
from e2e.support.note_page import expect_same_text
from tools.app_server import REPOSITORY, AppServer, UvicornServer
from tools.notes_over_http import create_note_over_http

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "only-for-this-test",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "off",
}
HASHED = re.compile(r"/static/.+\.[0-9a-f]{12}\.\w+")
MOST_BYTES = 200_000  # a second at 1.6 Mbit/s
PRELOADS = "links => links.map(link => link.href)"


@pytest.fixture(scope="module", params=[AppServer, UvicornServer], ids=["daphne", "uvicorn"])
def production(
    request: pytest.FixtureRequest, database_url: Callable[[], str], static_root: Path
) -> Iterator[AppServer]:
    with request.param(database_url(), settings={**PRODUCTION, "STATIC_ROOT": str(static_root)}) as server:
        yield server


@pytest.fixture
def project_copy(tmp_path: Path) -> Path:
    """The app in a folder of its own, where a test may edit it."""
    for name in ("realtime_notes", "channels_yjs", "notes", "templates"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    shutil.copy(REPOSITORY / "manage.py", tmp_path)
    return tmp_path


def fetch(page: Page, address: str) -> list[Request]:
    """The files that a page requests until its script runs, which opens a socket."""
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    with page.expect_websocket():
        page.goto(address)
    return [request for request in requests if "/static/" in request.url]


def expect_live(page: Page) -> None:
    expect(page.get_by_role("status", name="Connection")).to_have_text("Live")


def expect_all_modules_preloaded(page: Page, files: list[Request]) -> None:
    modules = {file.url for file in files if file.url.endswith(".js")}
    assert modules == set(page.locator("link[rel=modulepreload]").evaluate_all(PRELOADS))


def test_in_production_each_file_is_compressed_and_kept_for_a_year(
    production: AppServer, new_page: Callable[[], Page]
) -> None:
    files = fetch(new_page(), f"{production.url}/notes/1/")
    assert {"/notes.", "/note.", "/yjs.", "/icon."} <= {
        f"/{file.url.rpartition('/')[2].split('.')[0]}." for file in files
    }
    for file in files:
        assert HASHED.search(file.url)
        assert file.header_value("accept-encoding")
        response = file.response()
        assert response
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable", file.url
        assert response.headers["content-encoding"] == "br", file.url


@pytest.mark.parametrize("path", ["notes/1/", ""], ids=["note", "list"])
def test_no_import_waits_and_nothing_is_fetched_twice(
    path: str, production: AppServer, new_page: Callable[[], Page]
) -> None:
    page = new_page()
    files = fetch(page, f"{production.url}/{path}")
    times = Counter(file.url for file in files)
    assert set(times.values()) == {1}, times
    expect_all_modules_preloaded(page, files)


def test_a_note_comes_in_few_bytes(production: AppServer, new_page: Callable[[], Page]) -> None:
    page = new_page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto(f"{production.url}/notes/1/")
    expect_live(page)
    sizes = [request.sizes() for request in requests]
    assert len(sizes) > len(page.locator("link[rel=modulepreload]").all())
    assert sum(size["responseHeadersSize"] + size["responseBodySize"] for size in sizes) < MOST_BYTES


def test_two_people_write_together_in_production(production: AppServer, open_note: OpenNote) -> None:
    ada, grace = open_note(create_note_over_http(production.url), "Ada", "Grace")
    ada.write("From Ada. ")
    grace.expect_text("From Ada. ")
    grace.write("From Grace.")
    ada.expect_text("From Ada. From Grace.")
    ada.expect_people("Ada", "Grace")
    ada.reload()
    assert expect_same_text(ada, grace) == "From Ada. From Grace."


def test_in_development_a_reload_shows_an_edit_even_after_collectstatic(
    project_copy: Path, database_url: Callable[[], str], new_page: Callable[[], Page]
) -> None:
    """An edited module, and a new one: its import is preloaded, too."""
    with AppServer(database_url(), project=project_copy) as server:
        server.collect_static_files()
        assert (project_copy / "static" / "staticfiles.json").exists()
        page = new_page()
        files = fetch(page, f"{server.url}/notes/1/")
        assert not [file.url for file in files if HASHED.search(file.url)]
        script = project_copy / "notes" / "static" / "notes" / "js" / "note.js"
        script.write_text(f'import "./greeting.js"\n{script.read_text()}')
        script.with_name("greeting.js").write_text('document.body.dataset.greeting = "Hello"\n')
        files = fetch(page, f"{server.url}/notes/1/")
        expect(page.locator("body[data-greeting=Hello]")).to_be_attached()
        expect_live(page)
        expect_all_modules_preloaded(page, files)


def test_an_update_that_is_not_collected_is_served_all_the_same(
    project_copy: Path, database_url: Callable[[], str], new_page: Callable[[], Page]
) -> None:
    with AppServer(database_url(), project=project_copy, settings=PRODUCTION) as server:
        server.collect_static_files()
        server.stop()
        style = project_copy / "notes" / "static" / "notes" / "notes.css"
        style.write_text(f"{style.read_text()}\nbody {{ --edited: yes; }}\n")
        server.start()
        page = new_page()
        files = fetch(page, f"{server.url}/notes/1/")
        expect_live(page)
        assert not [file.url for file in files if HASHED.search(file.url)]
        assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--edited')") == "yes"
