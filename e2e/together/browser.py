"""A plugin for pytest: the reader's tests in the browser that our own tests use."""

from typing import Any

import pytest
from playwright.sync_api import BrowserType

from tools.chromium import launch_options


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_type: BrowserType) -> dict[str, Any]:
    options = launch_options(browser_type, has_window=not browser_type_launch_args.get("headless", True))
    arguments = [*browser_type_launch_args.get("args", []), *options["args"]]
    return {**browser_type_launch_args, **options, "args": arguments}
