"""The time from a key pressed in one browser to the glyph in another, and the feel of a large note.

Both ends are measured inside the pages: the key's event, and the frame after the one in which the editor changed.
Beside the app runs a plain page: CodeMirror, its Yjs binding and the stock provider, on @y/websocket-server.
"""

import functools
import http.server
import itertools
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tools.app_server import REPOSITORY
from tools.chromium import launch_options
from tools.notes_over_http import create_note_over_http

from .contestants import AppUnderDaphne, YWebsocketServer

BLOCK = 40  # presses, before the other page's turn
WARM_UP = 20
LARGE_LINE = "The quick brown fox jumps over the lazy dog, again and again and once more.\n"
LARGE_BYTES = 1_000_000
LETTERS = 200  # typed into the large note

WATCH_KEYS = """() => {
    window.pressedAt = 0
    addEventListener('keydown', (event) => { window.pressedAt = performance.timeOrigin + event.timeStamp }, true)
}"""
WATCH_GLYPHS = """() => {
    window.shownAt = []
    const note = document.querySelector('.cm-content[aria-label="Note"]')
    new MutationObserver(() => requestAnimationFrame(() => setTimeout(
        () => window.shownAt.push(performance.timeOrigin + performance.now()),
    ))).observe(note, { childList: true, subtree: true, characterData: true })
}"""
WATCH_FRAMES = """() => {
    window.frames_ = []
    const look = (now) => { window.frames_.push(now); window.watching && requestAnimationFrame(look) }
    window.watching = true
    requestAnimationFrame(look)
}"""


def measure(presses: int) -> dict[str, Any]:
    """Times in ms. `app` and `plain`: one for each press. `open`: of a note of 1 MB. `gaps`: between its frames."""
    with (
        AppUnderDaphne() as app,
        YWebsocketServer() as plain,
        plain_page() as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**launch_options(playwright.chromium))
        note = create_note_over_http(app.servers[0].url)
        pairs = {
            "app": two_pages(browser, f"{note}?as=Ada", f"{note}?as=Grace"),
            "plain": two_pages(browser, *2 * [f"{address}#ws://127.0.0.1:{plain.processes[0].port}"]),
        }
        times: dict[str, list[float]] = {"app": [], "plain": []}
        for pair in pairs.values():
            press(*pair, WARM_UP)
        while len(times["app"]) < presses:
            for name, pair in pairs.items():
                times[name] += press(*pair, min(BLOCK, presses))
        for writer, reader in pairs.values():
            writer.context.close()
            reader.context.close()
        large = measure_large(browser, create_note_over_http(app.servers[0].url))
        browser.close()
    return {**times, **large}


@contextmanager
def plain_page() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        source = REPOSITORY / "bench" / "plain_page"
        shutil.copy(source / "index.html", folder)
        esbuild = REPOSITORY / "node_modules" / ".bin" / "esbuild"
        command = [str(esbuild), "page.mjs", "--bundle", "--format=esm", f"--outfile={folder}/page.js"]
        # Two copies of yjs in one page break it.
        alias = f"--alias:yjs={REPOSITORY / 'node_modules' / 'yjs'}"
        subprocess.run([*command, alias, "--log-level=warning"], cwd=source, check=True)
        handler = functools.partial(QuietHandler, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def two_pages(browser: Browser, *addresses: str) -> tuple[Page, Page]:
    writer, reader = (browser.new_context().new_page() for _ in addresses)
    for page, address in zip((writer, reader), addresses, strict=True):
        page.goto(address)
        page.wait_for_selector('[data-state="live"]')
    writer.evaluate(WATCH_KEYS)
    reader.evaluate(WATCH_GLYPHS)
    writer.get_by_role("textbox", name="Note").focus()
    return writer, reader


def press(writer: Page, reader: Page, times: int) -> list[float]:
    """Returns the times from each key to its glyph, in ms."""
    latencies = []
    for number in range(times):
        reader.evaluate("() => { window.shownAt = [] }")
        writer.keyboard.press("Enter" if number % BLOCK == BLOCK - 1 else "x")
        shown_at = reader.wait_for_function("() => window.shownAt[0]").json_value()
        latencies.append(shown_at - writer.evaluate("() => window.pressedAt"))
    return latencies


def measure_large(browser: Browser, note: str) -> dict[str, Any]:
    writer = browser.new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    writer.goto(f"{note}?as=Ada")
    writer.get_by_role("textbox", name="Note").focus()
    text = LARGE_LINE * (LARGE_BYTES // len(LARGE_LINE))
    writer.evaluate("text => navigator.clipboard.writeText(text)", text)
    writer.keyboard.press("Control+v")
    writer.get_by_role("status", name="Changes").get_by_text("Saved").wait_for()
    openings = []
    for _ in range(3):
        page = browser.new_context().new_page()
        started = time.monotonic()
        page.goto(f"{note}?as=Grace")
        page.wait_for_selector('[data-state="live"]')
        page.get_by_text("The quick brown fox").first.wait_for()
        openings.append(1000 * (time.monotonic() - started))
        page.context.close()
    writer.evaluate(WATCH_FRAMES)
    writer.keyboard.type("x" * LETTERS, delay=30)
    writer.evaluate("() => { window.watching = false }")
    frames = writer.evaluate("() => window.frames_")
    gaps = [after - before for before, after in itertools.pairwise(frames)]
    writer.context.close()
    return {"open": statistics.median(openings), "gaps": gaps}
