"""Search finds the same on either database, here on a PostgreSQL whose locale knows ASCII letters only."""

import urllib.parse
import urllib.request

import pytest

from tools.app_server import AppServer
from tools.notes_over_http import create_note_over_http

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]


def found(server: AppServer, words: str) -> int:
    query = urllib.parse.urlencode({"q": words})
    page: str = urllib.request.urlopen(f"{server.url}/?{query}").read().decode()
    return page.count('class="note-card"')


def test_search_finds_words_in_any_case_on_either_database(one_server: AppServer) -> None:
    for title in ("Übung", "Привет", "ΟΔΟΣ", "STRASSE", "été", "100%_.*[a-z]\\d(", "***:a b", "日本語", "𐐀"):
        create_note_over_http(one_server.url, title)
    for words in ("übung", "привет", "οδος", "straße", "ÉTÉ", "100%_.*[A-Z]\\D(", "***:A B", "日本", "𐐨"):
        assert found(one_server, words) == 1, words
    assert found(one_server, "x.*") == found(one_server, "ubung") == 0
