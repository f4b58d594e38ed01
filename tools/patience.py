"""How long to wait for something that must come true: many times as long as this machine needs to open a page.

Every page that a test opens is timed, and the slowest one counts from then on, so tests wait for a busy machine as
long as it needs. No test compares these seconds with anything; they only decide when to give up.

A test that is expected to fail has the same patience for everything that works on both projects: opening pages,
clicking, reconnecting. Only for its own claim it waits less, but still longer than a page takes to open.
"""

import os
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Response, expect

USUAL = (30.0, 40.0)  # at least this many seconds, and this many times as long as the slowest page
HURRIED = (6.0, 12.0)  # the same, if a person waits for the answer
RED = (1.5, 3.0)  # for the claim of a test that is expected to fail
SCRIPT = (120.0, 60.0)  # for clients that have no page, and of which there are many
UNKNOWN_SECONDS = 2.0  # assumed for opening a page, until one has been opened
LEAST = "LEAST_PATIENCE"  # the environment variable with seconds, for runs in which hurry would only do harm
LOG = "SLOWEST_PAGES"  # the environment variable that names the file for the slowest pages


class Patience:
    def __init__(self, *, is_hurried: bool = False) -> None:
        self.slowest = 0.0
        self.is_hurried, self.is_red = is_hurried, False

    @property
    def seconds(self) -> float:
        least = float(os.environ.get(LEAST, 0))
        return max(least, self._seconds(HURRIED if self.is_hurried else USUAL))

    @property
    def claim_seconds(self) -> float:
        return self._seconds(RED) if self.is_red else self.seconds

    @property
    def short_seconds(self) -> float:
        """For what must not come true, and so is waited for to the end."""
        return self._seconds(HURRIED)

    @property
    def script_seconds(self) -> float:
        return self._seconds(SCRIPT)

    @property
    def milliseconds(self) -> float:
        return self.seconds * 1000

    def _seconds(self, scale: tuple[float, float]) -> float:
        least, times = scale
        return max(least, times * (self.slowest or UNKNOWN_SECONDS))

    def begin(self, *, is_red: bool) -> None:
        """Called before each test."""
        self.is_red = is_red
        expect.set_options(timeout=self.claim_seconds * 1000)

    def watch(self, page: Page) -> Page:
        """Times each page that is opened in this browser page."""
        goto = page.goto

        def timed(url: str, **options: Any) -> Response | None:
            started = time.monotonic()
            response = goto(url, **options)
            self.learn(time.monotonic() - started)
            return response

        page.goto = timed  # type: ignore[method-assign]
        return page

    def learn(self, seconds: float) -> None:
        if seconds > self.slowest:
            self.slowest = seconds
            expect.set_options(timeout=self.claim_seconds * 1000)

    def note(self) -> None:
        """Notes a time for nox, which says at its end how slow the machine was."""
        if self.slowest and (path := os.environ.get(LOG)):
            with Path(path).open("a") as log:
                log.write(f"{self.slowest:.2f} {self.seconds:.0f}\n")


patience = Patience()
