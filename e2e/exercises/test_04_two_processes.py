"""The exercise of the tutorial's fourth chapter."""

import pytest
from playwright.sync_api import Page

from tools.app_server import AppServer

pytestmark = pytest.mark.exercise(4)


def test_each_page_says_which_process_made_it(page: Page, two_servers: list[AppServer]) -> None:
    for server in two_servers:
        response = page.goto(server.url)
        assert response
        assert response.header_value("X-Process") == str(server.pid)
