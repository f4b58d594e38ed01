"""Runs the tests that the tutorial's fifth chapter has its readers write, here against a server of our own."""

from typing import Any

import pytest

from tools.app_server import AppServer


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], server: AppServer) -> dict[str, Any]:
    return {**browser_context_args, "base_url": server.url}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Readers know no marks, so these are put on here. The last one is red until the note is a CRDT."""
    for item in items:
        if "together" in item.path.parts:
            item.add_marker(pytest.mark.chapter(6 if "at_once" in item.name else 3))
