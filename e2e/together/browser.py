"""A plugin for pytest: the reader's tests in the browser that our own tests use."""

from typing import Any

import pytest

from tools.chromium import launch_options

HEADLESS, HEADED = launch_options(), launch_options(has_window=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    options = HEADLESS if browser_type_launch_args.get("headless", True) else HEADED
    arguments = [*browser_type_launch_args.get("args", []), *options["args"]]
    return {**browser_type_launch_args, **options, "args": arguments}
