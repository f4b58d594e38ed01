"""The pictures at the top of the tutorial's chapters: two browsers, with this chapter's project.

Each asserts its caption, failures included. `nox -s pictures` keeps them, each in both themes, of the same people at
the same moment; at any other time one is taken all the same, in the light theme, and thrown away.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from e2e.support.accounts import come_back, create, create_accounts, share, visit
from e2e.support.another_site import another_site
from e2e.support.databases import copy_of, migrated
from e2e.support.lines import socket_of
from e2e.support.note_page import NotePage
from e2e.support.slow_lines import SlowLines
from tools.app_server import AppServer
from tools.notes_over_http import create_note_over_http
from tools.redis import RedisServer
from tutorial.pictures import PICTURES, keep_account, picture
from tutorial.steps import load_steps, write_project

pytestmark = [pytest.mark.chapter(12), pytest.mark.app, pytest.mark.line_is_cut]

Scheme = Literal["light", "dark"]
WIDTH = 560
HEIGHT, HEIGHT_WITH_PEOPLE = 430, 640
PEOPLE_SINCE, PEOPLE_UNTIL = 8, 11  # the chapters in whose pictures people are to be seen
COLORS: dict[Scheme, tuple[str, str]] = {"light": ("#e7e3dd", "#292524"), "dark": ("#3a3733", "#eceae6")}
BROWSERS = """<!doctype html><style>
body {{ display: flex; gap: 24px; margin: 12px; width: max-content; font: 14px system-ui, sans-serif }}
figure {{ margin: 0; border-radius: 10px; overflow: hidden; background: {bar}; color: {ink};
          box-shadow: 0 2px 10px rgb(0 0 0 / 25%) }}
figcaption {{ padding: 8px 14px }}
figcaption span {{ opacity: .7; margin-left: 10px }}
img {{ display: block; width: {width}px }}
</style>{figures}"""
FIGURE = (
    '<figure><figcaption>{name}<span>{address}</span></figcaption><img src="data:image/png;base64,{data}"></figure>'
)
PRIZES = """<meta name=color-scheme content="light dark"><title>Prizes</title>
<body style="font: 20px/1.6 system-ui, sans-serif; padding: 1rem"><h1>Win a prize!</h1><p role=status>Wait …</p>
<script>
    const said = document.querySelector("p"), line = new WebSocket("{socket}")
    line.onopen = () => (said.textContent = "I can read what Ada writes.")
    line.onerror = () => (said.textContent = "I am not let in to read what Ada writes.")
</script>"""
HOSTILE_FRAME = bytes([0, 0, 3, 255, 255, 3])  # "I have 65 535 clients", and not one of them follows


class Stage:
    """The project of a chapter, served; people at their browsers; and a camera."""

    def __init__(self, folder: Path, new_page: Callable[..., Page], stack: ExitStack) -> None:
        self.folder, self._new_page, self._stack = folder, new_page, stack

    def serve(
        self, chapter: int, processes: int = 1, *, has_redis: bool = True, settings: Mapping[str, str] | None = None
    ) -> list[AppServer]:
        self._chapter = chapter
        project = self.folder / "project"
        write_project(chapter, project)
        url = copy_of(migrated(project, self.folder), self.folder)
        redis = self._stack.enter_context(RedisServer()).url if has_redis and processes > 1 else ""
        servers = [AppServer(url, redis, project=project, settings=settings) for _ in range(processes)]
        self._servers = [self._stack.enter_context(server) for server in servers]
        return self._servers

    def note(self, server: AppServer) -> str:
        return create_note_over_http(server.url, "A picnic on Saturday")

    def person(self, name: str, address: str, *, is_live: bool = True) -> NotePage:
        height = HEIGHT_WITH_PEOPLE if PEOPLE_SINCE <= self._chapter <= PEOPLE_UNTIL else HEIGHT
        window = {"width": WIDTH, "height": height}
        person = NotePage(self._new_page(viewport=window), name, address)
        if is_live:
            person.open()
        else:
            person.page.goto(address)
        return person

    def account(self, name: str, server: AppServer) -> NotePage:
        """Somebody who has logged in."""
        page = self._new_page(viewport={"width": WIDTH, "height": HEIGHT})
        come_back(page, server, name)
        return NotePage(page, name, "")

    def at_another_site(self, name: str, content: str) -> NotePage:
        """Somebody whose browser shows this content, as a page of another site."""
        address = self._stack.enter_context(another_site())
        page = self._new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.set_content(content)
        return NotePage(page, name, address)

    def _address(self, person: NotePage) -> str:
        """What a reader would have in the address bar, where it matters."""
        if not any(person.address.startswith(server.url) for server in self._servers):
            return urlsplit(person.address).hostname or ""
        ports = [f":{server.port}/" for server in self._servers]
        number = next(number for number, port in enumerate(ports) if port in person.address)
        return f"localhost:{8000 + number}" if len(ports) > 1 else ""

    def shoot(self, people: Sequence[NotePage], keep: bool) -> None:
        page = self._new_page(viewport={"width": 1200, "height": 720})
        for scheme in COLORS if keep else [next(iter(COLORS))]:
            bar, ink = COLORS[scheme]
            figures = "".join(self._figure(person, scheme) for person in people)
            page.set_content(BROWSERS.format(bar=bar, ink=ink, width=WIDTH, figures=figures))
            name = picture(load_steps()[self._chapter - 1], scheme).name
            path = (PICTURES if keep else self.folder) / name
            page.locator("body").screenshot(path=path, omit_background=True)
        if keep:
            keep_account(self._chapter)

    def _figure(self, person: NotePage, scheme: Scheme) -> str:
        person.page.emulate_media(color_scheme=scheme)
        data = base64.b64encode(person.page.screenshot()).decode()
        return FIGURE.format(name=person.name, address=self._address(person), data=data)


@pytest.fixture
def stage(tmp_path: Path, new_page: Callable[..., Page]) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, new_page, stack)


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--keep-pictures"))


def save(person: NotePage) -> None:
    with person.page.expect_navigation():
        person.page.get_by_role("button", name="Save").click()


def write_at_once(ada: NotePage, grace: NotePage) -> None:
    """Ada writes before the bar, Grace after it."""
    ada.go_to(0)
    grace.go_to_end()
    for letter in "abcdefghij":
        ada.type(letter)
        grace.type(letter.upper())


def test_picture_1_nothing_moves_until_reload(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(1)
    address = stage.note(server)
    ada, grace = (stage.person(name, address, is_live=False) for name in ("Ada", "Grace"))
    ada.write("At noon, by the old mill.")
    save(ada)
    ada.expect_text("At noon, by the old mill.")
    assert grace.text == ""
    stage.shoot([ada, grace], keep)
    stage.person("Alan", address, is_live=False).expect_text("At noon, by the old mill.")
    grace.write("I bring a cake.")
    save(grace)
    ada.page.reload()
    ada.expect_text("I bring a cake.")  # Ada's text is gone, and nobody was told


def test_picture_2_the_server_hears(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(2)
    address = stage.note(server)
    ada, grace = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("At noon, by the old mill.")
    expect(ada.changes).to_have_text("The server heard 25 letters")
    assert grace.text == ""
    stage.shoot([ada, grace], keep)


def test_picture_3_one_writes_and_the_other_reads(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(3)
    address = stage.note(server)
    ada, grace = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("At noon, by the old mill.")
    grace.expect_text("At noon, by the old mill.")
    ada.expect_saved()
    stage.shoot([ada, grace], keep)


def test_without_redis_there_is_silence_between_two_processes(stage: Stage) -> None:
    """The problem of chapter 4. Alan's words are the fence: Grace reads them, and not Ada's, saved before."""
    first, second = stage.serve(4, processes=2, has_redis=False)
    here = stage.note(first)
    there = here.replace(first.url, second.url)
    ada, grace, alan = stage.person("Ada", here), stage.person("Grace", there), stage.person("Alan", there)
    ada.write("Can you hear me?")
    ada.expect_saved()
    alan.write("I can hear you.")
    grace.expect_text("I can hear you.")


def test_picture_4_two_ports(stage: Stage, keep: bool) -> None:
    first, second = stage.serve(4, processes=2)
    address = stage.note(first)
    ada, grace = stage.person("Ada", address), stage.person("Grace", address.replace(first.url, second.url))
    ada.write("At noon, by the old mill.")
    grace.expect_text("At noon, by the old mill.")
    ada.expect_saved()
    stage.shoot([ada, grace], keep)


def test_picture_5_words_vanish(stage: Stage, slow_lines: SlowLines, keep: bool) -> None:
    [server] = stage.serve(5)
    address = stage.note(server)
    ada, grace = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("|")
    grace.expect_text("|")
    with slow_lines.from_server:  # nobody sees what the other one writes before both have written
        write_at_once(ada, grace)
    for person in (ada, grace):
        person.expect_saved()  # it is true, and helps nobody
    assert min(len(ada.text), len(grace.text)) < len("abcdefghij|ABCDEFGHIJ")
    stage.shoot([ada, grace], keep)


def test_picture_6_every_letter_stays(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(6)
    address = stage.note(server)
    ada, grace = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("|")
    grace.expect_text("|")
    write_at_once(ada, grace)
    for person in (ada, grace):
        person.expect_text("abcdefghij|ABCDEFGHIJ")
        person.expect_saved()
    stage.shoot([ada, grace], keep)


def test_picture_7_a_kill_takes_nothing(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(7)
    address = stage.note(server)
    ada, grace = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("At noon, by the old mill. ")
    grace.expect_text("At noon, by the old mill. ")
    server.kill()
    grace.write("I bring a cake.")
    server.start()
    for person in (ada, grace):
        person.expect_text("At noon, by the old mill. I bring a cake.")
        person.expect_live()
        person.expect_saved()
    stage.shoot([ada, grace], keep)


def test_picture_8_names_and_cursors(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(8)
    address = stage.note(server)
    ada, grace = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("At noon,\nby the old mill.")
    grace.expect_text("At noon,\nby the old mill.")
    grace.go_to(8)
    for one, other in ((ada, grace), (grace, ada)):
        expect(one.cursor_of(other.name)).to_be_attached()
        one.expect_people("Ada", "Grace")
    stage.shoot([ada, grace], keep)


def test_picture_9_off_line(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(9)
    address = stage.note(server)
    ada, grace = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("At noon, by the old mill. ")
    grace.expect_text("At noon, by the old mill. ")
    ada.expect_saved()
    ada.go_offline()
    ada.write("From a tunnel.")
    expect(ada.changes).to_have_text("Not sent yet")
    grace.expect_people("Grace")
    assert grace.text == "At noon, by the old mill. "
    stage.shoot([ada, grace], keep)


def test_picture_10_shut_out(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(10)
    address = stage.note(server)
    grace = stage.person("Grace", address)
    ada = stage.person("Ada", address)
    mallory = stage.person("Mallory", address, is_live=False)
    lines: list[WebSocketRoute] = []

    def tap(line: WebSocketRoute) -> None:
        lines.append(line.connect_to_server())

    mallory.page.route_web_socket("**/ws/notes/*", tap)
    mallory.open()
    lines[0].send(HOSTILE_FRAME)
    expect(mallory.alert).to_contain_text("The server did not understand this page.")
    ada.write("At noon, by the old mill.")
    grace.expect_text("At noon, by the old mill.")
    grace.expect_people("Ada", "Grace")
    stage.shoot([mallory, grace], keep)


def test_picture_11_the_list_tells_who_is_where(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(11)
    address = stage.note(server)
    alan = stage.person("Alan", f"{server.url}/", is_live=False)
    ada, _ = (stage.person(name, address) for name in ("Ada", "Grace"))
    ada.write("At noon, by the old mill.")
    card = alan.page.get_by_role("listitem").filter(has_text="A picnic on Saturday")
    expect(card).to_contain_text("At noon, by the old mill.")
    expect(card.get_by_role("list", name="In this note: Ada, Grace")).to_be_visible()
    stage.shoot([alan, ada], keep)


def test_picture_12_another_site_is_refused(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(12, settings={"ALLOWED_HOSTS": "127.0.0.1"})
    address = stage.note(server)
    ada = stage.person("Ada", address)
    socket = socket_of(address)
    mallory = stage.at_another_site("Another site", PRIZES.format(socket=socket))
    expect(mallory.page.get_by_role("status")).to_have_text("I am not let in to read what Ada writes.")
    assert f"socket refused origin='{mallory.address}'" in server.log  # by the server, and not by the browser
    ada.write("At noon, by the old mill.")
    ada.expect_saved()
    stage.shoot([mallory, ada], keep)


def test_picture_13_one_writes_and_the_other_may_only_read(stage: Stage, keep: bool) -> None:
    [server] = stage.serve(13)
    create_accounts(server, "Ada", "Grace")
    ada, grace = (stage.account(name, server) for name in ("Ada", "Grace"))
    address = create(ada, "A picnic on Saturday")
    share(ada, "Grace")
    visit(grace, address)
    visit(ada, address)  # without the message of what has just been done
    ada.expect_live()
    ada.write("At noon, by the old mill.")
    ada.expect_saved()
    grace.expect_text("At noon, by the old mill.")
    expect(grace.page.get_by_role("status", name="Access")).to_have_text("You can read this, but not write.")
    stage.shoot([grace, ada], keep)
