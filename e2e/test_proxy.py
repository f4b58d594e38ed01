"""The way into production: nginx as the docs configure it, HTTPS, and two processes with production settings."""

import asyncio
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus

from e2e.conftest import OpenNote
from e2e.support.lines import patient_async, run_apart
from e2e.support.note_page import expect_same_text
from tools.app_server import REPOSITORY, AppServer, UvicornServer
from tools.nginx import NginxServer
from tools.patience import patience
from tools.process import free_port
from tools.redis import RedisServer

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
SITE = REPOSITORY / "docs" / "how-to" / "nginx.conf"
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "only-for-this-test-and-long-enough-to-please-the-deployment-check-0123",
    "ALLOWED_HOSTS": "127.0.0.1",
    "TRUST_FORWARDED_PROTO": "on",
}
PREFIX = "/kit"
OPTIONS: dict[type[AppServer], list[str]] = {AppServer: ["--proxy-headers"], UvicornServer: []}


@pytest.fixture
def prefix() -> str:
    """The path under which the site is: none, unless a test asks for one."""
    return ""


@pytest.fixture(params=[AppServer, UvicornServer], ids=["daphne", "uvicorn"])
def servers(
    request: pytest.FixtureRequest,
    database_url: Callable[[], str],
    redis: RedisServer,
    static_root: Path,
    prefix: str,
) -> Iterator[list[AppServer]]:
    url, kind = database_url(), request.param
    settings = {**PRODUCTION, "STATIC_ROOT": str(static_root)}
    options = [*OPTIONS[kind], *(["--root-path", prefix] if prefix else [])]
    with (
        kind(url, redis.url, settings=settings, options=options) as first,
        kind(url, redis.url, settings=settings, options=options) as second,
    ):
        yield [first, second]


@pytest.fixture
def trust(tmp_path: Path) -> ssl.SSLContext:
    """The certificate that a client has to trust here. Writes it and its key."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for part in certificate.cert_chain_pems:
        part.write_to_path(tmp_path / "certificate.pem", append=True)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return trust


@pytest.fixture
def proxy(servers: list[AppServer], trust: ssl.SSLContext, tmp_path: Path, prefix: str) -> Iterator[NginxServer]:
    port = free_port()
    here = {
        "127.0.0.1:8001": f"127.0.0.1:{servers[0].port}",
        "127.0.0.1:8002": f"127.0.0.1:{servers[1].port}",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/notes.example.org.pem": str(tmp_path / "certificate.pem"),
        "/etc/ssl/notes.example.org.key": str(tmp_path / "key.pem"),
        **locations_under(prefix, type(servers[0])),
    }
    site = SITE.read_text()
    for documented, ours in here.items():
        assert site.count(documented) == 1, f"{SITE.name} has changed: {documented}"
        site = site.replace(documented, ours)
    with NginxServer(site, port, tmp_path) as proxy:
        yield proxy


def locations_under(prefix: str, kind: type[AppServer]) -> dict[str, str]:
    """The changes that the docs make to the configuration for a prefix."""
    proxied = "location {} {{\n        proxy_pass http://realtime_notes{};"
    return {
        proxied.format(path, ""): proxied.format(prefix + path, path if kind is UvicornServer else "")
        for path in (["/", "/ws/"] if prefix else [])
    }


@pytest.mark.line_is_cut
def test_people_write_through_a_proxy_and_go_on_when_a_process_ends(
    proxy: NginxServer, servers: list[AppServer], open_note: OpenNote, new_page: Callable[..., Page]
) -> None:
    address = f"https://127.0.0.1:{proxy.port}"
    page = new_page(ignore_https_errors=True)
    page.goto(address)
    page.get_by_role("button", name="Create note").click()
    expect(page).to_have_url(re.compile(r"/notes/\d+/"))
    address = page.url
    page.close()
    ada, grace = open_note(address, "Ada", "Grace", ignore_https_errors=True)
    ada.write("From Ada. ")
    grace.expect_text("From Ada. ")
    ada.expect_people("Ada", "Grace")
    for server, end in zip(servers, (AppServer.kill, AppServer.stop), strict=True):
        end(server)
        ada.write(f"Without {server.port}. ")
        ada.expect_saved()
        grace.expect_text(ada.text)
        server.start()
    assert expect_same_text(ada, grace) == f"From Ada. Without {servers[0].port}. Without {servers[1].port}. "


@pytest.mark.parametrize("prefix", [PREFIX])
def test_people_write_and_see_a_live_list_under_a_path_prefix(
    prefix: str, proxy: NginxServer, open_note: OpenNote, new_page: Callable[..., Page]
) -> None:
    site = f"https://127.0.0.1:{proxy.port}{prefix}"
    page = new_page(ignore_https_errors=True)
    asked: list[str] = []
    page.goto(site)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("wss:", "https:")))
    page.get_by_role("button", name="Create note").click()
    expect(page).to_have_url(re.compile(rf"^{site}/notes/\d+/$"))
    address = page.url
    page.get_by_role("link", name="All notes", exact=True).click()
    expect(page).to_have_url(f"{site}/")
    ada, grace = open_note(address, "Ada", "Grace", ignore_https_errors=True)
    ada.write("From Ada. ")
    grace.expect_text("From Ada. ")
    grace.write("From Grace.")
    assert expect_same_text(ada, grace) == "From Ada. From Grace."
    expect(page.get_by_role("list", name=re.compile("In this note: (Ada, Grace|Grace, Ada)"))).to_be_visible()
    expect(page.get_by_text("From Ada. From Grace.")).to_be_visible()
    page.goto(f"{address}side-by-side")
    expect(page).to_have_url(f"{address}side-by-side/")
    for frame in page.get_by_role("main").locator("iframe").all():
        expect(frame.content_frame.get_by_role("status", name="Connection")).to_have_text("Live")
    page.goto(f"{address}delete/")
    page.get_by_role("button", name="Delete note").click()
    expect(page).to_have_url(f"{site}/")
    expect(ada.alert).to_contain_text("deleted")
    assert [url for url in asked if not url.startswith(f"{site}/")] == []
    assert {cookie["path"] for cookie in page.context.cookies()} == {f"{prefix}/"}


def test_a_proxy_passes_on_what_the_app_has_to_know(
    proxy: NginxServer, servers: list[AppServer], trust: ssl.SSLContext
) -> None:
    address = f"127.0.0.1:{proxy.port}"
    with urllib.request.urlopen(f"https://{address}/", context=trust, timeout=patience.seconds) as answer:
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        assert "Secure" in answer.headers["Set-Cookie"]
        style_sheet = re.search(r'href="(/static/notes/notes\..+\.css)"', answer.read().decode())
    assert style_sheet
    accepts = {"Accept-Encoding": "br"}
    request = urllib.request.Request(f"https://{address}{style_sheet[1]}", headers=accepts)
    with urllib.request.urlopen(request, context=trust, timeout=patience.seconds) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Encoding"] == "br"
    claim = {"X-Forwarded-For": "192.0.2.1"}
    assert run_apart(connect(address, trust, claim)) == 101
    assert not any("192.0.2.1" in server.log for server in servers), "A client can claim another address."
    for origin, status in ((f"https://{address}", 101), ("https://evil.example", 403)):
        assert run_apart(connect(address, trust, {"Origin": origin})) == status


def test_a_proxy_sends_plain_http_to_https(proxy: NginxServer) -> None:
    class StayHere(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *arguments: Any) -> None:
            """Follows no redirect."""

    plain = re.search(r"listen (127\.0\.0\.1:\d+);", proxy.configuration)
    assert plain
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(StayHere).open(f"http://{plain[1]}/notes/1/", timeout=patience.seconds)
    assert answer.value.code == 301
    assert answer.value.headers["Location"] == "https://127.0.0.1/notes/1/"
    answer.value.close()


async def connect(address: str, trust: ssl.SSLContext, headers: dict[str, str]) -> int:
    """The status with which the server answers, once it has said something if it lets us in."""
    try:
        async with patient_async(f"wss://{address}/ws/notes/1", ssl=trust, additional_headers=headers) as socket:
            assert await asyncio.wait_for(socket.recv(), patience.seconds)
            return socket.response.status_code if socket.response else 0
    except InvalidStatus as refused:
        return refused.response.status_code
