"""A foreign page, a forged form, an injected script and a hostile name can do nothing."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from channels_yjs.wire.messages import LEFT, Awareness, AwarenessEntry, decode, encode
from e2e.conftest import CreateNote, OpenNote
from e2e.support.another_site import another_site
from e2e.support.lines import patient, socket_of
from e2e.support.note_page import NotePage
from tools.app_server import AppServer
from tools.patience import patience

pytestmark = pytest.mark.chapter(12)
ADMIN = "/admin/login/"
PAGES = ["/", "/notes/1/", "/notes/1/side-by-side/", "/notes/1/delete/"]
PHONE = {"width": 360, "height": 640}
REPORT_VIOLATIONS = """() => {
    window.violations = []
    document.addEventListener("securitypolicyviolation", event => window.violations.push(event.effectiveDirective))
}"""
OPEN_SOCKET = """address => new Promise(resolve => {
    const socket = new WebSocket(address)
    socket.onopen = () => resolve("open")
    socket.onerror = () => resolve("refused")
})"""
NAMES = {
    "HTML": "<img src=x onerror=window.hacked=1><script>window.hacked=1</script>",
    "right to left": "\u202egnp.evil\u202dx\u2066y",
    "control characters": "a\x01\x02\x1b[31m\x7fb",
    "zero width": "Ada\u200b\u200d\ufeff",
    "long": "W" * 10_000,
}
# A chapter's own pages can take a title for HTML; what the others need is handed over.
TITLES = [
    pytest.param(name, id=kind, marks=() if kind == "HTML" else pytest.mark.app) for kind, name in NAMES.items()
]


@pytest.fixture
def other_site() -> Iterator[str]:
    with another_site() as address:
        yield address


def test_another_sites_page_cannot_open_a_socket(server: AppServer) -> None:
    """Uses the header that a browser sends."""
    address = f"ws://127.0.0.1:{server.port}/ws/notes/1"
    for origin in ("https://evil.example", "http://127.0.0.1.evil.example", "null"):
        with pytest.raises(InvalidStatus) as refused, patient(address, origin=Origin(origin)):
            pass
        assert refused.value.response.status_code == 403


@pytest.mark.line_is_cut
def test_a_page_of_another_site_is_refused_where_one_of_this_site_is_not(
    database_url: Callable[[], str], project: Path, new_page: Callable[..., Page], other_site: str
) -> None:
    page = new_page()
    with AppServer(database_url(), settings={"ALLOWED_HOSTS": "127.0.0.1"}, project=project) as server:
        for site, outcome in ((server.url, "open"), (other_site, "refused")):
            page.goto(site)
            assert page.evaluate(OPEN_SOCKET, f"ws://127.0.0.1:{server.port}/ws/notes/1") == outcome
        assert "WSREJECT" in server.log


@pytest.mark.early
@pytest.mark.parametrize("path", ["/notes/", "/notes/1/delete/"])
def test_a_form_without_its_token_is_refused(server: AppServer, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}{path}", data=b"title=x", timeout=patience.seconds)
    assert refused.value.code == 403
    refused.value.close()


@pytest.mark.page_is_missing  # the admin names no icon, so the browser asks for one that is not there
@pytest.mark.parametrize("path", [*PAGES, ADMIN])
def test_every_page_has_its_headers_and_keeps_its_own_policy(server: AppServer, page: Page, path: str) -> None:
    page.add_init_script(f"({REPORT_VIOLATIONS})()")
    response = page.goto(f"{server.url}{path}")
    assert response
    headers = response.headers
    assert {"content-security-policy", "cross-origin-opener-policy"} <= headers.keys()
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-frame-options"] == ("SAMEORIGIN" if path == "/notes/1/" else "DENY")
    assert "'unsafe-inline'" not in headers["content-security-policy"]
    assert "'unsafe-eval'" not in headers["content-security-policy"]
    if path == "/notes/1/":
        expect(page.get_by_role("status", name="Connection")).to_contain_text("Live")
    assert page.evaluate("window.violations") == []


def test_an_injected_script_does_not_run(server: AppServer, new_context: Callable[..., object]) -> None:
    """The page is not watched: its console shows the refusals, as it should."""
    page: Page = new_context().new_page()  # type: ignore[attr-defined]
    page.set_default_timeout(patience.milliseconds)
    page.add_init_script(f"({REPORT_VIOLATIONS})()")
    page.goto(f"{server.url}/notes/1/")
    page.evaluate("""() => {
        const script = document.createElement("script")
        script.textContent = "window.hacked = 'inline'"
        document.body.append(script)
        document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.hacked = 1'>")
        const link = document.createElement("a")
        link.href = "javascript:void(window.hacked = 'link')"
        document.body.append(link)
        link.click()
        const timer = document.createElement("script")
        timer.src = "data:text/javascript,window.hacked = 'data'"
        document.body.append(timer)
        setTimeout("window.hacked = 'evaluated'")
        const style = document.createElement("style")
        style.textContent = "body { display: none }"
        document.body.append(style)
    }""")
    seen = NotePage(page, "the page", "")
    seen.until(lambda: page.evaluate("window.violations.length") >= 6, lambda: "six things are refused")
    assert page.locator("body").is_visible()
    assert page.evaluate("window.hacked") is None


@pytest.mark.chapter(11)
@pytest.mark.early
@pytest.mark.parametrize("name", TITLES)
def test_a_hostile_title_is_shown_as_text(
    create_note: CreateNote, server: AppServer, new_page: Callable[..., Page], name: str
) -> None:
    address = create_note(f"{name} title"[:200])
    page = new_page(viewport=PHONE)
    path = address.removeprefix(server.url)
    titles = {f"{server.url}/": f'h2 a[href="{path}"]', f"{address}delete/": "h1 [dir]"}
    for where in (f"{server.url}/", address, f"{address}delete/", f"{address}side-by-side/"):
        page.goto(where)
        expect(page.locator("main")).to_be_visible()
        if where in titles:
            expect(page.locator(titles[where])).to_contain_text(name.strip()[0])
            expect(page.locator(titles[where])).to_have_css("unicode-bidi", "isolate")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], where
        assert page.evaluate("window.hacked") is None


@pytest.mark.app
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_hostile_name_is_shown_as_text_and_in_its_own_place(open_note: OpenNote, note: str, name: str) -> None:
    ada = open_note(note, "Ada", viewport=PHONE)
    mallory = open_note(f"{note}?as={urllib.parse.quote(name)}&x=", "Mallory", viewport=PHONE)
    mallory.write("x")
    expect(ada.people).to_have_count(2)
    shown = ada.people.locator("bdi").filter(has_not_text="Ada (you)").all_text_contents()
    assert any(name.strip()[:4] in text for text in shown), json.dumps(shown)
    for isolated in (ada.people.locator("bdi").last, ada.page.locator(".cursor-label").first):
        expect(isolated).to_have_css("unicode-bidi", "isolate")
    for person in (ada, mallory):
        assert person.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert person.page.evaluate("window.hacked") is None


@pytest.mark.app
def test_a_title_of_ten_thousand_letters_stays_in_its_place(
    open_note: OpenNote, note: str, server: AppServer, new_page: Callable[..., Page]
) -> None:
    ada, grace = open_note(note, "Ada", "Grace", viewport=PHONE)
    ada.title.focus()
    ada.paste("W" * 10_000)
    ada.expect_saved()
    grace.expect_title("W" * 10_000)
    page = new_page(viewport=PHONE)
    ada.until(lambda: "W" * 200 in page_text(page, server.url), lambda: "the list shows its first 200 letters")
    for where in (page, ada.page, grace.page):
        assert where.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def page_text(page: Page, address: str) -> str:
    page.goto(address)
    return page.locator("main").inner_text()


@pytest.mark.app
def test_a_name_that_no_page_would_send_is_cut_short(open_note: OpenNote, note: str) -> None:
    ada = open_note(note, "Ada", viewport=PHONE)
    with patient(socket_of(note)) as mallory:
        state = json.dumps({"user": {"name": "\u202e" + "W" * 3900, "color": "red; position: fixed"}})
        mallory.send(encode(Awareness((AwarenessEntry(7, 1, state),))))
        expect(ada.people).to_have_count(2)
        assert len(ada.people.locator("bdi").last.inner_text()) <= 40
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.chapter(10)
def test_nobody_takes_the_name_of_somebody_who_is_there(open_note: OpenNote, note: str) -> None:
    lie_about_ada(open_note, note, lambda state: state.replace("Ada", "Eve"))


@pytest.mark.chapter(12)
@pytest.mark.app
def test_nobody_says_goodbye_for_somebody_who_is_there(open_note: OpenNote, note: str) -> None:
    lie_about_ada(open_note, note, lambda state: LEFT)


def lie_about_ada(open_note: OpenNote, note: str, lie: Callable[[str], str]) -> None:
    ada, grace = open_note(note, "Ada", "Grace")
    grace.expect_people("Ada", "Grace")
    grace.note_words_of(grace.page.get_by_role("list", name="People here"))
    with patient(socket_of(note)) as mallory:
        everyone: dict[str, AwarenessEntry] = {}
        while "Ada" not in everyone:
            message = decode(bytes(mallory.recv(timeout=patience.seconds)))  # type: ignore[arg-type]
            if isinstance(message, Awareness):
                everyone |= {json.loads(entry.state)["user"]["name"]: entry for entry in message.entries}
        hers = everyone["Ada"]
        mallory.send(encode(Awareness((AwarenessEntry(hers.client_id, hers.clock + 10, lie(hers.state)),))))
        grace.page.wait_for_timeout(3000)  # the story: the server asks Ada for a sign of life, and gets it
        grace.expect_people("Ada", "Grace")
        ada.write("Still Ada")
        expect(grace.cursor_of("Ada")).to_be_attached()
        grace.expect_people("Ada", "Grace")
        assert all("Ada" in said for said in grace.page.evaluate("window.noted"))
