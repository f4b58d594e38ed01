"""The site as its readers see it: accessible in both palettes, at home on a phone, and asking nobody else."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect, sync_playwright

from tools.axe import findings
from tools.chromium import launch_options
from tutorial.steps import load_steps, project, read

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
MOST_SCREENS = 12
LAYERS = [f"under-the-hood/{name}.html" for name in ("bytes", "log", "room", "processes", "connection")]
KNOWN_HOSTS = {
    "apidock.com",
    "channels.readthedocs.io",
    "developer.chrome.com",
    "docs.jamsocket.com",
    "docs.yjs.dev",
    "github.com",
    "nodejs.org",
    "playwright.dev",
    "tiptap.dev",
    "y-crdt.github.io",
}
PATIENCE_MS = 60_000  # other tests keep the machine busy meanwhile
LINK = re.compile(r'<a [^>]*href="(https?://([^/"]+)[^"]*)"')
# Of the listings one piece of each colour is enough: axe looks at a hundred pieces a second, and there are 60 000.
THIN_OUT = """
const seen = new Set()
for (const code of document.querySelectorAll(".highlight code")) {
    for (const piece of [...code.querySelectorAll("span:not([id])")]) {  // those with an id are lines
        const colors = [code.closest(".highlight"), piece.parentElement, piece].map(({ className }) => className)
        if (seen.has(colors.join())) piece.remove()
        seen.add(colors.join())
    }
    const plain = [...code.children].filter((line) => line.id && !line.querySelector("span"))
    for (const line of plain.slice(1)) line.remove()
}"""
WIDTH = "document.documentElement.scrollWidth"
HEIGHT = "document.documentElement.scrollHeight"
NO_TRANSITIONS = "*, ::before, ::after { transition: none !important }"  # axe would measure half a change
DARK = """() => {
document.querySelector('[title="Switch to dark"]').click()
localStorage.clear()  // or the next page would begin dark
return document.body.dataset.mdColorScheme
}"""
RULES_OF_COLOR = ["color-contrast", "link-in-text-block"]
OWN = ("127.0.0.1", "localhost")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def site(pages: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(pages.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(playwright.chromium))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page(viewport=DESKTOP) as page:
        page.set_default_timeout(PATIENCE_MS)
        yield page


def html_files(pages: Path) -> list[str]:
    return sorted(path.relative_to(pages.parent).as_posix() for path in pages.parent.rglob("*.html"))


WIDE_CODE = """() => {
for (const folded of document.querySelectorAll("details")) folded.open = true
const wide = [...document.querySelectorAll("pre > code")].filter((code) => code.scrollWidth > code.clientWidth)
return wide.map((code) => code.textContent.slice(0, 80))
}"""


@pytest.mark.parametrize("part", range(2))
def test_each_page_is_accessible_and_fits_and_soon_ends_and_nobody_else_is_asked(
    site: str, pages: Path, page: Page, part: int
) -> None:
    """In both palettes and at both widths, but each page is opened once, since opening one takes longest. In the dark
    palette only the colors are other ones. What is around the article is alike in a folder. A chapter ends within
    twelve screens, and a layer of the engine is read in ten minutes."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    found = {}
    limited = {f"tutorial/{step.name}.html" for step in load_steps()} | set(LAYERS)
    assert limited <= set(html_files(pages))
    looked_at = set()  # the folders of which a whole page has been looked at
    for file in html_files(pages)[part::2]:
        page.set_viewport_size(DESKTOP)
        page.goto(f"{site}/{file}")
        found[file, "too long"] = file in limited and page.evaluate(HEIGHT) > MOST_SCREENS * DESKTOP["height"]
        page.add_style_tag(content=NO_TRANSITIONS)
        within = "article" if Path(file).parent in looked_at else ""
        found[file, "code scrolls on a desktop"] = page.evaluate(WIDE_CODE)
        page.set_viewport_size(PHONE)
        found[file, "code scrolls on a phone"] = page.evaluate(WIDE_CODE)
        found[file, "wider than a phone"] = page.evaluate(WIDTH) > PHONE["width"]
        page.set_viewport_size(DESKTOP)
        page.evaluate(THIN_OUT)
        found[file, "axe, light"] = findings(page.main_frame, within=within)
        assert page.evaluate(DARK) == "slate"
        found[file, "axe, dark"] = findings(page.main_frame, RULES_OF_COLOR, within=within)
        looked_at.add(Path(file).parent)
    assert {what: is_so for what, is_so in found.items() if is_so} == {}
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []


OVERLAPS = """
const boxes = [...document.querySelectorAll(".tabbed-set label, .highlight > .filename, .highlight pre")]
    .map((element) => ({ words: element.textContent.slice(0, 40), ...element.getBoundingClientRect().toJSON() }))
    .filter(({ width, height }) => width && height)
return boxes.flatMap((one, at) => boxes.slice(at + 1)
    .filter((other) => one.bottom > other.top + 1 && other.bottom > one.top + 1 &&
        one.right > other.left + 1 && other.right > one.left + 1)
    .map((other) => `${one.words} / ${other.words}`))"""


def test_on_paper_the_names_of_files_lie_on_nothing(site: str, page: Page) -> None:
    page.emulate_media(media="print")
    page.goto(f"{site}/tutorial/07-nothing-lost.html")
    assert page.evaluate(f"() => {{{OVERLAPS}}}") == []


def test_the_button_at_a_listing_copies_its_lines_as_they_are(site: str, page: Page) -> None:
    """Each line is an element of its own, so that it can be indented where it goes on below."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/tutorial/02-socket.html")
    listing = page.locator('[data-file="notes/routing.py"]')
    listing.scroll_into_view_if_needed()
    listing.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied to clipboard")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.rstrip() == read(project(2)["notes/routing.py"]).rstrip()


def test_the_button_at_a_diff_copies_the_whole_file(site: str, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/tutorial/03-everybody.html")
    diff = page.locator('[data-file="notes/consumers.py"][data-form="diff"]').last
    diff.scroll_into_view_if_needed()
    diff.get_by_role("button", name="Copy the whole file").click()
    expect(page.get_by_text("Copied to clipboard")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == read(project(3)["notes/consumers.py"])


@pytest.mark.parametrize("way", ["from a server", "from the disk"])
def test_the_search_finds_a_word(site: str, pages: Path, page: Page, way: str) -> None:
    start = site if way == "from a server" else pages.parent.as_uri()
    page.goto(f"{start}/index.html")
    page.get_by_role("textbox", name="Search").fill("doorbell")
    found = page.locator(".md-search-result__item").first
    expect(found).to_contain_text("doorbell", ignore_case=True)
    found.get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text("doorbell", ignore_case=True)


def test_links_lead_to_hosts_that_are_known(pages: Path) -> None:
    """Whether they answer cannot be asked here. That links within the site lead somewhere, its builder checks."""
    for file in html_files(pages):
        for url, host in LINK.findall((pages.parent / file).read_text(encoding="utf-8")):
            known = host.split(":")[0] in OWN or (url.startswith("https://") and host in KNOWN_HOSTS)
            assert known, f"{file} links to {url}; if that is right, add the host to KNOWN_HOSTS"
