"""Sockets of pages from addresses that the server does not know: the log names the setting, once."""

import logging
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as project

from channels_yjs import origins
from channels_yjs.testing.sockets import Socket
from channels_yjs.tests.project.asgi import application

pytestmark = pytest.mark.django_db  # Channels looks at the connections that tests before these have left open
TUNNEL = "https://demo-8000.tunnel.example"


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(origins, "_logged", set())
    return caplog


async def open_socket(origin: str) -> bool:
    socket = Socket(application, "/ws/notes/1", [(b"origin", origin.encode())])
    is_accepted, _ = await socket.connect()
    await socket.disconnect()
    return bool(is_accepted)


async def test_a_refused_socket_is_logged_once_with_the_setting_that_accepts_it(log: Any) -> None:
    for _ in range(3):
        assert not await open_socket(TUNNEL)
    assert log.messages == [
        f"socket refused origin='{TUNNEL}': to accept it, add 'demo-8000.tunnel.example' to ALLOWED_HOSTS"
    ]
    assert log.records[0].levelno == logging.WARNING


COOKIE = f"{project.SESSION_COOKIE_NAME}=abc".encode()
SESSION = (b"cookie", b"theme=dark; " + COOKIE)


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ([], True),
        ([(b"cookie", b"theme=dark")], True),
        ([SESSION], False),
        ([(b"cookie", b"theme=dark"), (b"cookie", COOKIE)], False),
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
