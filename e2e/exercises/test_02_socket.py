"""The exercise of the tutorial's second chapter."""

import pytest

from e2e.conftest import CreateNote, OpenNote
from tools.app_server import AppServer

pytestmark = [pytest.mark.exercise(2), pytest.mark.line_is_cut]


def test_the_page_comes_back_by_itself(open_note: OpenNote, create_note: CreateNote, own_server: AppServer) -> None:
    ada = open_note(create_note(on=own_server), "Ada")
    own_server.kill()
    ada.until(lambda: "Live" not in ada.connection.inner_text(), lambda: "the page notices")
    own_server.start()
    ada.expect_live()
