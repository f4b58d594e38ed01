"""Runs the tests that readers of the tutorial's fifth chapter write, here against a server of our own."""

from typing import Any

import pytest

from tools.app_server import AppServer


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], server: AppServer) -> dict[str, Any]:
    return {**browser_context_args, "base_url": server.url}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Adds marks, which readers do not know. The last test is red until the note is a CRDT."""
    for item in items:
        if "together" in item.path.parts:
            item.add_marker(pytest.mark.chapter(6 if "at_once" in item.name else 3))
