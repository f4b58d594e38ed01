"""A browser for the tests: Playwright's own if it is installed, else the machine's Chrome or Chromium. If there
is neither, `python -m tools.chromium` gets one: from Playwright, or as root on Debian from apt."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> Path | None:
    """Where the browser is. Takes half a second: it asks Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        bundled = Path(playwright.chromium.executable_path)
    if bundled.exists():
        return bundled
    return next((Path(path) for path in map(shutil.which, NAMES) if path), None)


def launch_arguments() -> list[str]:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*QUIET, *(["--no-sandbox"] if is_root else [])]  # as root Chromium runs in no other way


def ensure_chromium() -> Path:
    found = find_chromium()
    if found:
        return found
    print("Getting Chromium for the browser tests (once, some 150 MB) …", flush=True)
    if _works([sys.executable, "-m", "playwright", "install", "chromium"]):
        found = find_chromium()
    elif _can_use_apt() and _works(["apt-get", "update"]):
        _works(["apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-noto-color-emoji"])
        found = find_chromium()
    if not found:
        raise SystemExit(
            "The browser tests need Chromium, and it could not be installed. Install it by hand, with one of: "
            "playwright install --with-deps chromium; apt-get install chromium; or the installer of Chrome."
        )
    return found


def _can_use_apt() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


if __name__ == "__main__":
    print(f"Browser: {ensure_chromium()}")
