"""A browser for the tests: Playwright's own if it is installed, otherwise the machine's Chromium or Chrome. If there
is neither, `python -m tools.chromium` installs one: from Playwright, or as root on Debian from apt.

Without a window it is the headless shell if there is one, as with Playwright's own: it takes a third less time.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
HEADLESS_NAMES = ["chromium-headless-shell", *NAMES]
DEBIAN_PACKAGES = ["chromium-headless-shell", "chromium"]  # the first one that exists
PLAYWRIGHT = [sys.executable, "-m", "playwright"]
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--renderer-process-limit=1",  # for each browser context: none is started for a page that may come next
]


class BrowserType(Protocol):
    """Playwright's `chromium`, blocking or asynchronous."""

    @property
    def executable_path(self) -> str: ...


def launch_options(chromium: BrowserType, *, has_window: bool = False) -> dict[str, Any]:
    """The options for Playwright's `chromium.launch`."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    arguments = [*QUIET, *(["--no-sandbox"] if is_root else [])]  # as root, Chromium runs in no other way
    path = None if has_its_own(chromium) else find_on_path(NAMES if has_window else HEADLESS_NAMES)
    return {"executable_path": path, "args": arguments}


def has_its_own(chromium: BrowserType) -> bool:
    """Whether Playwright has installed both of its Chromium's parts, and was not interrupted."""
    path = Path(chromium.executable_path)
    window = next((folder for folder in path.parents if folder.name.startswith("chromium-")), None)
    if window is None:
        return path.exists()
    shell = window.with_name(window.name.replace("chromium-", "chromium_headless_shell-"))
    return all((part / "INSTALLATION_COMPLETE").exists() for part in (window, shell))


def find_on_path(names: Sequence[str]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def ensure_chromium() -> str:
    """Returns the path of the tests' browser. Installs one if there is none, and what it needs to start."""
    if not (found := _find()):
        print("Getting Chromium for the browser tests (once, some 150 MB) …", flush=True)
        if not _works([*PLAYWRIGHT, "install", "chromium"]) and _can_use_apt():
            _install_from_debian()
        found = _find()
    if not found:
        raise SystemExit(
            "The browser tests need Chromium, and it could not be installed. Install it by hand, with one of: "
            "playwright install --with-deps chromium; apt-get install chromium; or the installer of Chrome."
        )
    if _why_it_fails(found) and _can_use_apt():
        print("Getting the libraries that Chromium needs (once) …", flush=True)
        _works([*PLAYWRIGHT, "install-deps", "chromium"])
    if why := _why_it_fails(found):
        raise SystemExit(
            f"Chromium does not start: {why}\nLibraries of the system are missing. Install them with: "
            f"sudo {shlex.join(PLAYWRIGHT)} install-deps chromium"
        )
    return found


def _find() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium
        return chromium.executable_path if has_its_own(chromium) else find_on_path(HEADLESS_NAMES)


def _why_it_fails(path: str) -> str:
    """What the loader of programs says of a browser that it cannot start, or nothing."""
    if sys.platform == "win32":  # a browser there brings all that it needs, and answers this by opening a window
        return ""
    ended = subprocess.run([path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return (ended.stderr.strip() or f"exit code {ended.returncode}") if ended.returncode else ""


def _install_from_debian() -> None:
    if _works(["apt-get", "update"]):
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "fonts-noto-color-emoji"]
        any(_works([*install, package]) for package in DEBIAN_PACKAGES)


def _can_use_apt() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


if __name__ == "__main__":
    print(f"Browser: {ensure_chromium()}")
