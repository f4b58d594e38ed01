"""Forms from addresses that the server does not know: people are told, and the log names the setting, once."""

import html
import logging
from typing import Any

import pytest
from django.test import Client

from channels_yjs import origins

TUNNEL = "https://demo-8000.tunnel.example"


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """The app's own loggers end before the root, where pytest listens."""
    monkeypatch.setattr(origins, "_logged", set())
    monkeypatch.setattr(logging.getLogger("channels_yjs"), "propagate", True)
    return caplog


def send_form(**headers: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.post("/notes/", {"title": "x"}, headers={name.replace("_", "-"): v for name, v in headers.items()})


def test_a_form_that_came_through_a_tunnel_is_answered_with_what_the_tunnel_needs(settings: Any, log: Any) -> None:
    settings.DEBUG = True
    page = send_form(origin=TUNNEL)
    text = html.unescape(page.content.decode())
    assert page.status_code == 403
    assert f"CSRF_TRUSTED_ORIGINS={TUNNEL}" in text
    assert "ALLOWED_HOSTS=localhost,127.0.0.1,demo-8000.tunnel.example" in text
    send_form(origin=TUNNEL)
    refused = [message for message in log.messages if message.startswith("form refused")]
    assert refused == [f"form refused origin='{TUNNEL}': to accept it, add '{TUNNEL}' to CSRF_TRUSTED_ORIGINS"]


def test_in_production_the_page_names_no_setting(settings: Any) -> None:
    settings.DEBUG = False
    page = send_form(origin=TUNNEL).content.decode()
    assert TUNNEL in page
    assert "CSRF_TRUSTED_ORIGINS" not in page


def test_a_form_without_its_token_is_answered_with_what_to_do(log: Any) -> None:
    page = send_form()
    assert page.status_code == 403
    assert "reload" in page.content.decode()
    assert not [message for message in log.messages if "refused" in message]


@pytest.mark.parametrize("origin", ["http://[", "https://", "x" * 5000, "<b>", "null"])
def test_whatever_address_a_form_claims_it_gets_an_answer(origin: str) -> None:
    page = send_form(origin=origin)
    assert page.status_code == 403
    assert "<b>" not in page.content.decode()
