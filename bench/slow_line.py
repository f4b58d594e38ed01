"""A note over a slow line: the time until it is live, the number of requests, and their bytes.

The browser slows its own connection down, as its developer tools do: each answer comes 150 ms later, and all of them
together bring no more than 1.6 Mbit/s. The socket's frames are not slowed down, but its handshake is.
"""

from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tools.chromium import launch_options

BITS_PER_BYTE = 8
LINE = {
    "offline": False,
    "latency": 150,  # in ms
    "downloadThroughput": 1_600_000 / BITS_PER_BYTE,
    "uploadThroughput": 750_000 / BITS_PER_BYTE,
}
WATCH_STATE = """
    new MutationObserver(() => {
        if (document.querySelector('#connection[data-state="live"]')) window.liveAfter ??= performance.now()
    }).observe(document, { subtree: true, attributes: true, childList: true })
"""


def visit(note: str) -> dict[str, float]:
    """One visit with an empty cache, and one more load of the page. Times in ms, sizes with headers."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(playwright.chromium))
        warm_up(browser, note)
        page = browser.new_page()
        page.add_init_script(WATCH_STATE)
        traffic: list[float] = []
        tools = page.context.new_cdp_session(page)
        tools.on("Network.loadingFinished", lambda event: traffic.append(event["encodedDataLength"]))
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", LINE)
        page.goto(note)
        first = figures(page, traffic)
        page.reload()
        again = figures(page, traffic)
        browser.close()
    return {**first, **{f"{name}_again": figure for name, figure in again.items()}}


def warm_up(browser: Browser, note: str) -> None:
    """Lets somebody else visit first, over a good line: the line is measured, not the start of a server."""
    page = browser.new_page()
    page.goto(note)
    page.wait_for_selector('[data-state="live"]')
    page.context.close()


def figures(page: Page, traffic: list[float]) -> dict[str, Any]:
    live = page.wait_for_function("() => window.liveAfter").json_value()
    page.wait_for_load_state("networkidle")
    answers = [size for size in traffic if size]  # answers from the browser's cache are empty
    traffic.clear()
    return {"live": live, "requests": len(answers), "bytes": sum(answers)}
