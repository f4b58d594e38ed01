"""A plugin for pytest: the reader's tests in the browser that our own tests use."""

from typing import Any

import pytest

from tools.chromium import find_chromium, launch_arguments

CHROMIUM = find_chromium()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = [*browser_type_launch_args.get("args", []), *launch_arguments()]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}
