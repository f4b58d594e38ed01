"""Pages from addresses that the server does not know: people are told, and the log names the setting, once."""

import html
import logging
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.test import Client

from channels_yjs import origins
from channels_yjs.testing.sockets import Socket
from realtime_notes.asgi import application

pytestmark = pytest.mark.django_db  # Channels looks at the connections that tests before these have left open
TUNNEL = "https://demo-8000.tunnel.example"


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """The app's own loggers end before the root, where pytest listens."""
    monkeypatch.setattr(origins, "_logged", set())
    monkeypatch.setattr(logging.getLogger("channels_yjs"), "propagate", True)
    return caplog


async def open_socket(origin: str) -> bool:
    socket = Socket(application, "/ws/notes/1", [(b"origin", origin.encode())])
    is_accepted, _ = await socket.connect()
    await socket.disconnect()
    return bool(is_accepted)


def send_form(**headers: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.post("/notes/", {"title": "x"}, headers={name.replace("_", "-"): v for name, v in headers.items()})


async def test_a_refused_socket_is_logged_once_with_the_setting_that_accepts_it(log: Any) -> None:
    for _ in range(3):
        assert not await open_socket(TUNNEL)
    assert log.messages == [
        f"socket refused origin='{TUNNEL}': to accept it, add 'demo-8000.tunnel.example' to ALLOWED_HOSTS"
    ]
    assert log.records[0].levelno == logging.WARNING


SESSION = (b"cookie", b"theme=dark; notes_session=abc")


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ([], True),
        ([(b"cookie", b"theme=dark")], True),
        ([SESSION], False),
        ([(b"cookie", b"theme=dark"), (b"cookie", b"notes_session=abc")], False),
        ([SESSION, (b"origin", b"http://localhost:8000")], True),
        ([SESSION, (b"origin", b"https://evil.example")], False),
    ],
)
async def test_a_session_without_an_origin_is_refused(log: Any, headers: Any, is_let_in: bool) -> None:
    socket = WebsocketCommunicator(application, "/ws/notes/nowhere", headers)
    try:
        assert not (await socket.connect())[0]
    except ValueError:  # there is no such address, but that is found only by those who are let in
        assert is_let_in
    else:
        assert not is_let_in
    if headers == [SESSION]:
        assert "YJS_ALLOW_COOKIES_WITHOUT_ORIGIN" in log.messages[0]
        assert "abc" not in log.messages[0]


async def test_a_project_may_allow_a_session_without_an_origin(settings: Any) -> None:
    settings.YJS_ALLOW_COOKIES_WITHOUT_ORIGIN = True
    with pytest.raises(ValueError, match="No route found"):
        await WebsocketCommunicator(application, "/ws/notes/nowhere", [SESSION]).connect()


async def test_made_up_addresses_do_not_fill_the_log(log: Any) -> None:
    for number in range(origins.MAX_LOGGED + 50):
        assert not await open_socket(f"https://{number}.example/{'x' * 1000}\n")
    assert len(log.messages) == origins.MAX_LOGGED
    assert max(map(len, log.messages)) < 2 * origins.MAX_LENGTH + 100
    assert not any("\n" in message for message in log.messages)


async def test_a_page_without_an_address_is_refused_and_no_setting_named(log: Any) -> None:
    assert not await open_socket("null")
    assert len(log.messages) == 1
    assert "ALLOWED_HOSTS" not in log.messages[0]


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
