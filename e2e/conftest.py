"""Fixtures of the browser tests: real Daphne processes, a real Redis, and people with a browser context each.

A test tells a story: `ada, grace = open_note(note, "Ada", "Grace")`. It talks to the server as a browser does, never
through the ORM. It fails on any error in a browser's console, except those that its marks announce.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, expect

from e2e.support.accounts import Enter, come_back, create_accounts, log_in
from e2e.support.databases import copy_of, migrated
from e2e.support.note_page import NotePage
from e2e.support.slow_lines import SlowLines
from tools import forked
from tools.app_server import REPOSITORY, AppServer, RunningServer
from tools.notes_over_http import create_note_over_http
from tools.patience import patience
from tools.redis import RedisServer

pytest_plugins = ["e2e.support.chapters", "e2e.together.browser"]

SETS_UP = {function.__code__ for function in (NotePage.open, create_note_over_http)}  # works on every project
EXPECTED_ERRORS = {
    "line_is_cut": re.compile(
        r"WebSocket connection to .* failed|WebSocket is already in CLOSING|Failed to load resource: net::"
    ),
    "editor_crashes": re.compile(r"crashed on purpose"),
    "page_is_missing": re.compile(r"Failed to load resource: .* 404"),
}
# Each caret that blinks has its page drawn twice a second: of two pages that wait, 2 % of a processor.
STILL_CARET = """{
    const sheet = new CSSStyleSheet()
    sheet.replaceSync("* { caret-animation: manual }")
    document.adoptedStyleSheets.push(sheet)
}"""
FIRST_WORKER = ("master", "gw0")  # its names, alone and among others
MOST_LINES = 80  # of a server's log, with a failure
PRINTED: dict[AppServer, int] = {}  # by server of all tests, how much its log had when the last test of it had ended

OpenNote = Callable[..., Any]
CreateNote = Callable[..., str]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--project", type=Path, default=REPOSITORY, help="the folder with the manage.py to be tested")
    parser.addoption("--migrated", type=Path, help="a migrated database of that project; without it, one is made")
    parser.addoption(
        "--server",
        nargs=3,
        metavar=("PORT", "DATABASE_URL", "LOG"),
        help="a server of that project that runs already, to be used where one is not harmed",
    )
    parser.addoption("--hurried", action="store_true", help="give up sooner: somebody waits for the answer")
    parser.addoption("--keep-pictures", action="store_true", help="write the pictures of the docs")


def pytest_configure(config: pytest.Config) -> None:
    config.add_cleanup(forked.provide())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    patience.is_hurried = item.config.getoption("--hurried")
    patience.begin(is_red=item.get_closest_marker("xfail") is not None)


def pytest_sessionfinish() -> None:
    patience.note()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failure shows what the browsers and the servers of the test printed."""
    report = yield
    if call.excinfo and hasattr(report, "wasxfail") and (other := other_reason(call.when, call.excinfo)):
        report.outcome = "failed"
        del report.wasxfail
        report.longrepr = f"{item.name} has to fail on this project by what it claims, but {other}"
    if report.failed:
        if errors := getattr(item, "funcargs", {}).get("console_errors"):
            report.sections.append(("consoles of the browsers", "\n".join(errors)))
        for name, server in servers_of(item, call.when):
            report.sections.append((f"log of {name} on port {server.port}", printed_meanwhile(server)))
    if call.when == "teardown":
        PRINTED.update({server: len(server.log) for _, server in servers_of(item, call.when) if server in PRINTED})
    return report


def servers_of(item: pytest.Item, when: str) -> list[tuple[str, AppServer]]:
    """By name, the servers of this test that have a log: its own ones lose theirs when it is torn down. Where its
    set-up fails, it has none yet, and what the servers of all tests say may be the reason."""
    values = [
        (name, server)
        for name, value in getattr(item, "funcargs", {}).items()
        for server in (value if isinstance(value, list) else [value])
    ]
    servers = [(name, server) for name, server in values if isinstance(server, AppServer)]
    servers += [("server", server) for server in PRINTED if when == "setup" and not servers]
    return [(name, server) for name, server in servers if when != "teardown" or server.is_running]


def printed_meanwhile(server: AppServer) -> str:
    """What the server has printed since the test before; whole lines, and not more than one wants to read."""
    lines = server.log[PRINTED.get(server, 0) :].splitlines()
    return "\n".join(lines[-MOST_LINES:])


def other_reason(when: str, error: pytest.ExceptionInfo[BaseException]) -> str:
    """The reason why a test is red, if it is not an expectation of its own."""
    if when == "setup" or any(entry.frame.code.raw in SETS_UP for entry in error.traceback):
        return f"its set-up fails: {error.exconly()}"
    if not isinstance(error.value, (AssertionError, pytest.fail.Exception)):
        return f"it breaks off: {error.exconly()}"
    return ""


# The browser


@pytest.fixture
def console_errors(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    errors: list[str] = []
    yield errors
    allowed = [pattern for mark, pattern in EXPECTED_ERRORS.items() if request.node.get_closest_marker(mark)]
    unexpected = [error for error in errors if not any(pattern.search(error) for pattern in allowed)]
    assert not unexpected, f"A browser's console shows an error: {unexpected[0]}"


@pytest.fixture
def watched() -> list[Page]:
    """The pages whose consoles show no error."""
    return []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """What a page has printed comes before its answer. A test may have stopped its server in the end."""
    values = getattr(item, "funcargs", {})
    heard = len(values.get("console_errors", []))
    for page in values.get("watched", []):
        with suppress(Error):  # it is closed
            page.evaluate("null")
    for error in values.get("console_errors", [])[heard:]:
        if EXPECTED_ERRORS["line_is_cut"].search(error):
            values["console_errors"].remove(error)


@pytest.fixture
def watch(console_errors: list[str], watched: list[Page]) -> Callable[[Page], Page]:
    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            resource = f" ({message.location['url']})" if message.text.startswith("Failed to load resource") else ""
            console_errors.append(message.text + resource)

    def on_page_error(error: Error) -> None:
        console_errors.append(str(error))

    def watch(page: Page) -> Page:
        page.on("console", on_console)
        page.on("pageerror", on_page_error)
        watched.append(page)
        return page

    return watch


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


@pytest.fixture
def prepare() -> list[Callable[[Page], None]]:
    """What is done with each new page before it goes anywhere."""
    return []


@pytest.fixture
def slow_lines(prepare: list[Callable[[Page], None]]) -> SlowLines:
    lines = SlowLines()
    prepare.append(lines.watch)
    return lines


@pytest.fixture
def new_page(
    new_context: Callable[..., BrowserContext], watch: Callable[[Page], Page], prepare: list[Callable[[Page], None]]
) -> Callable[..., Page]:
    """Opens a page in a browser context of its own: another person, at another computer."""

    def new_page(**options: Any) -> Page:
        context = new_context(**options)
        context.set_default_timeout(patience.milliseconds)
        context.add_init_script(STILL_CARET)
        page = watch(patience.watch(context.new_page()))
        for prepare_page in prepare:
            prepare_page(page)
        return page

    return new_page


@pytest.fixture
def open_note(new_page: Callable[..., Page]) -> OpenNote:
    """`ada, grace = open_note(address, "Ada", "Grace")`: each is online and sees the note when this returns."""

    def open_note(address: str, *names: str, **options: Any) -> Any:
        people = [NotePage(new_page(**options), name, address) for name in names]
        for person in people:
            person.open()
        return people if len(people) > 1 else people[0]

    return open_note


# The servers


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest) -> Path:
    path: Path = request.config.getoption("--project").resolve()
    return path


@pytest.fixture(scope="session")
def migrated_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, project: Path
) -> Path:
    """A database of which each server gets a copy."""
    given: Path | None = request.config.getoption("--migrated")
    return given or migrated(project, tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def database_url(migrated_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    def database_url() -> str:
        return copy_of(migrated_database, tmp_path_factory.mktemp("copy"))

    return database_url


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the collected static files. Compressing them takes seconds, so they are collected once."""
    folder = tmp_path_factory.mktemp("static")
    AppServer(settings={"STATIC_ROOT": str(folder)}).collect_static_files()
    return folder


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest, database_url: Callable[[], str], project: Path, worker_id: str
) -> Iterator[AppServer]:
    """The server of all tests that do not harm it. Each worker has its own, whose log is of the worker's tests."""
    running = request.config.getoption("--server") if worker_id in FIRST_WORKER else None
    with use_running(project, *running) if running else AppServer(database_url(), project=project) as server:
        PRINTED[server] = len(server.log)
        yield server
        del PRINTED[server]


def use_running(project: Path, port: str, database_url: str, log: str) -> RunningServer:
    return RunningServer(database_url, int(port), Path(log), project)


@pytest.fixture
def own_server(database_url: Callable[[], str], project: Path) -> Iterator[AppServer]:
    """A server that the test may kill."""
    with AppServer(database_url(), project=project) as server:
        yield server


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as redis:
        yield redis


@pytest.fixture
def two_servers(database_url: Callable[[], str], project: Path, redis: RedisServer) -> Iterator[list[AppServer]]:
    """Two processes with one database and one Redis."""
    url = database_url()
    with (
        AppServer(url, redis.url, project=project) as first,
        AppServer(url, redis.url, project=project) as second,
    ):
        yield [first, second]


@pytest.fixture
def create_note(server: AppServer) -> CreateNote:
    """Makes a note as a person would, with the form, and returns its address."""

    def create_note(title: str = "", on: AppServer = server) -> str:
        return create_note_over_http(on.url, title)

    return create_note


@pytest.fixture
def note(create_note: CreateNote) -> str:
    return create_note()


@pytest.fixture
def enter(server: AppServer, new_page: Callable[..., Page]) -> Enter:
    """Shows somebody the list who has logged in, in a browser of their own. People are Ada, Grace and Mallory."""
    create_accounts(server, "Ada", "Grace", "Mallory")

    def enter(name: str, *, by_form: bool = False) -> NotePage:
        page = new_page()
        if by_form:
            page.goto(server.url)
            expect(page.get_by_role("link", name="Log in")).to_be_visible()
            page.get_by_role("link", name="Log in").click()
            log_in(page, name)
        else:
            come_back(page, server, name)
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        return NotePage(page, name, "")

    return enter


@pytest.fixture
def ada_and_grace(open_note: OpenNote, create_note: CreateNote, two_servers: list[AppServer]) -> list[NotePage]:
    """Ada on one process, Grace on the other, in one note."""
    first, second = two_servers
    address = create_note(on=first)
    return [open_note(address, "Ada"), open_note(address.replace(first.url, second.url), "Grace")]
