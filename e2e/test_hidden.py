"""Background tabs. Browsers run their timers once a minute; Yjs clients forget others after 30 seconds of silence."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from channels_yjs.wire.messages import Awareness, AwarenessEntry, encode
from e2e.conftest import CreateNote, OpenNote
from e2e.support.lines import patient
from e2e.support.note_page import NotePage
from e2e.support.stock_clients import node_client, socket_address
from tools.app_server import AppServer

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
SCRIPT = Awareness((AwarenessEntry(7, 1, json.dumps({"user": {"name": "Script", "color": "#123456"}})),))
MINUTES = 6  # times ten seconds of patience, until a client has forgotten somebody


def test_whoever_has_a_line_is_listed_however_long_they_say_nothing(
    two_servers: list[AppServer], create_note: CreateNote, open_note: OpenNote, new_page: Callable[[], Page]
) -> None:
    """A page and a stock client whose timers have stopped, and a script that does not even answer. When the onlookers
    have forgotten a person of whom they heard later, they still list these."""
    first, second = two_servers
    here = create_note(on=first)
    there = here.replace(first.url, second.url)
    ada, grace = open_note(here, "Ada"), hidden_page(new_page(), "Grace", there)
    with (
        node_client(here) as sleeper,
        node_client(here) as owl,
        patient(socket_address(there), max_queue=None) as script,
    ):
        sleeper.do("name", name="Sleeper")
        sleeper.do("sleep")
        script.send(encode(SCRIPT))
        owl.do("name", name="Owl")
        everybody = ["Ada", "Grace", "Owl", "Script", "Sleeper"]
        ada.expect_people(*everybody)
        grace.expect_people(*everybody)
        ada.until(lambda: owl.do("names") == everybody, lambda: f"the stock client lists {everybody}")
        owl.do("forget", times=MINUTES)
        ada.until(lambda: owl.do("names") == everybody, lambda: f"the stock client still lists {everybody}")
        ada.expect_people(*everybody)
        grace.expect_people(*everybody)
        script.close()
        ada.expect_people("Ada", "Grace", "Owl", "Sleeper")


def hidden_page(page: Page, name: str, address: str) -> NotePage:
    page.clock.install()
    person = NotePage(page, name, address)
    person.open()
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 10"))
    return person
