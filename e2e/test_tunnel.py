"""Proxies and tunnels that drop what a live page needs. The page says so, and makes no promise it cannot keep."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from e2e.conftest import CreateNote
from e2e.support.lines import socket_of
from e2e.support.note_page import NotePage
from tools.app_server import AppServer
from tools.nginx import NginxServer
from tools.patience import patience
from tools.process import free_port

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
NO_UPGRADE = "proxy_pass http://127.0.0.1:{server};"  # nginx's behaviour if nobody tells it about WebSockets
SITE = """server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.1:{server}; proxy_set_header Host {host}; }}
    location /ws/ {{ {sockets} }}
}}"""
PASS_ON = """proxy_pass http://127.0.0.1:{server}; proxy_http_version 1.1; proxy_set_header Host {host};
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"""

Proxied = Callable[..., NginxServer]


@pytest.fixture
def start_proxy(tmp_path: Path) -> Iterator[Proxied]:
    proxies: list[NginxServer] = []

    def start(server: AppServer, sockets: str, host: str = "$http_host") -> NginxServer:
        port = free_port()
        here = {"port": port, "server": server.port, "host": host}
        site = SITE.format(sockets=sockets.format(**here), **here)
        proxies.append(NginxServer(site, port, tmp_path).start())
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.kill()


def through(proxy: NginxServer, server: AppServer, note: str) -> str:
    return note.replace(f":{server.port}/", f":{proxy.port}/")


def expect_only_to_be_read(person: NotePage) -> None:
    """Nothing looks editable, and nothing claims to be kept or saved."""
    expect(person.alert).to_contain_text("can be read but not changed")
    expect(person.connection).not_to_contain_text("Offline")
    expect(person.page.locator("#changes")).to_be_empty()
    expect(person.page.get_by_role("textbox")).to_have_count(0)
    expect(person.page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(person.offline_switch).to_have_count(0)
    still = person.page.locator(".still").last
    expect(still).to_have_css("cursor", "default")
    expect(person.page.locator(".sheet")).to_have_css("border-style", "dashed")


@pytest.mark.line_is_cut
@pytest.mark.parametrize("sockets", [NO_UPGRADE, "return 400;", "return 426;"], ids=["dropped", "400", "426"])
def test_a_page_whose_upgrade_is_dropped_says_so_and_offers_nothing_to_write_in(
    server: AppServer, create_note: CreateNote, start_proxy: Proxied, page: Page, sockets: str
) -> None:
    proxy = start_proxy(server, sockets)
    note = through(proxy, server, create_note("Read me"))
    ada = NotePage(page, "Ada", note)
    page.goto(note)
    expect(ada.connection).to_have_text(re.compile("Not connected yet: this (note )?can be read, but not changed"))
    socket_address = socket_of(note)
    expect(ada.alert).to_contain_text(f"It tries to open {socket_address}. ")
    expect(ada.alert).to_contain_text("code 1006")
    expect(ada.alert).to_contain_text("proxy or a tunnel")
    expect(page.locator("#title")).to_have_text("Read me")
    expect_only_to_be_read(ada)
    page.locator("#body").click()
    ada.type("Lost?")
    expect(page.locator("#body")).not_to_contain_text("Lost?")
    expect_only_to_be_read(ada)


@pytest.mark.line_is_cut
def test_a_page_whose_upgrade_is_never_answered_says_so(
    server: AppServer, create_note: CreateNote, start_proxy: Proxied, page: Page
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        proxy = start_proxy(server, f"proxy_pass http://127.0.0.1:{deaf.getsockname()[1]};")
        ada = NotePage(page, "Ada", through(proxy, server, create_note()))
        page.clock.install(time=0)
        page.clock.pause_at(1000)
        page.goto(ada.address)
        expect(ada.connection).to_have_text("Connecting…")
        expect(ada.alert).to_be_hidden()
        page.clock.fast_forward("00:10")
        expect(ada.alert).to_contain_text("There has been no answer yet.")
        expect_only_to_be_read(ada)


@pytest.mark.line_is_cut
def test_a_page_that_is_connected_late_is_like_any_other_from_then_on(
    database_url: Callable[[], str], start_proxy: Proxied, page: Page
) -> None:
    database = database_url()
    sockets = AppServer(database)
    with AppServer(database) as pages:
        proxy = start_proxy(pages, f"{PASS_ON.replace('{server}', str(sockets.port))}")
        ada = NotePage(page, "Ada", f"http://127.0.0.1:{proxy.port}/notes/1/")
        page.goto(f"{ada.address}?as=Ada")
        expect_only_to_be_read(ada)
        with sockets:
            ada.expect_live()
            expect(ada.alert).to_be_hidden()
            ada.write("At last. ")
            ada.expect_saved()
            ada.expect_people("Ada")
        ada.expect_offline()  # not "not connected yet"
        expect(ada.alert).to_be_hidden()
        ada.expect_in_text("At last. ")


def test_a_tunnel_is_told_which_settings_it_needs_and_works_with_them(
    database_url: Callable[[], str], start_proxy: Proxied, new_context: Callable[..., BrowserContext], page: Page
) -> None:
    """The tunnel hides its address from the server. The first page is not watched: its console shows refusals."""
    with AppServer(database_url(), settings={"ALLOWED_HOSTS": "localhost"}) as server:
        proxy = start_proxy(server, PASS_ON, host="localhost")
        address = f"http://127.0.0.1:{proxy.port}"
        refused = new_context().new_page()
        refused.set_default_timeout(patience.milliseconds)
        refused.goto(address)
        refused.get_by_role("button", name="Create note").click()
        expect(refused.get_by_role("main")).to_contain_text(f"CSRF_TRUSTED_ORIGINS={address}")
        refused.goto(f"{address}/notes/1/")
        ada = NotePage(refused, "Ada", address)
        expect(ada.alert).to_contain_text("code 1006")
        expect_only_to_be_read(ada)
        assert f"form refused origin='{address}': to accept it, add '{address}' to CSRF_TRUSTED_ORIGINS" in server.log
        assert f"socket refused origin='{address}': to accept it, add '127.0.0.1' to ALLOWED_HOSTS" in server.log
        refused.close()
        server.kill()
        server.settings |= {"CSRF_TRUSTED_ORIGINS": address, "ALLOWED_HOSTS": "localhost,127.0.0.1"}
        server.start()
        page.goto(address)
        page.get_by_role("button", name="Create note").click()
        expect(page).to_have_url(re.compile(r"/notes/\d+/"))
        NotePage(page, "Ada", address).expect_live()
