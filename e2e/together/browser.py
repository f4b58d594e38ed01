"""A plugin for pytest: the reader's tests in the browser that our own tests use."""

import os
from typing import Any

import pytest
from playwright.sync_api import BrowserType, expect

from tools.chromium import launch_options
from tools.patience import patience

READERS_PATIENCE = "PATIENCE_SECONDS"  # the name in their test, and in the environment
IN_VAIN = "WAITS_IN_VAIN"  # is in the environment if what they wait for does not come


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_type: BrowserType) -> dict[str, Any]:
    options = launch_options(browser_type, has_window=not browser_type_launch_args.get("headless", True))
    arguments = [*browser_type_launch_args.get("args", []), *options["args"]]
    return {**browser_type_launch_args, **options, "args": arguments}


@pytest.fixture(autouse=True)
def readers_patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives readers' tests the patience of ours: their five seconds are too short for a busy machine. Where they wait
    in vain, a page tells before how long that has to be."""
    if hasattr(request.module, READERS_PATIENCE):
        if IN_VAIN in os.environ:
            patience.watch(request.getfixturevalue("page")).goto("/")
            seconds = patience.short_seconds
        else:
            seconds = float(os.environ.get(READERS_PATIENCE, patience.claim_seconds))
        monkeypatch.setattr(request.module, READERS_PATIENCE, seconds)
        expect.set_options(timeout=seconds * 1000)
