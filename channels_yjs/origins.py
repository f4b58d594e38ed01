"""Refuses sockets of pages from other addresses, and logs once which setting would let each one in.

A page comes from another address if a proxy or a tunnel does not pass on the host name that the browser used. The
browser's Origin then differs from what the server takes for its own address.
"""

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.http import parse_cookie

from .conf import setting

logger = logging.getLogger(__name__)

LAPTOP_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]  # Django allows these under DEBUG
MAX_LOGGED = 100  # refusals by one process, since anybody can make up any number of addresses
MAX_LENGTH = 200  # characters of an address in the log
_logged: set[tuple[str, str]] = set()


class SameSiteOrigins(OriginValidator):
    """Lets in pages of the allowed hosts, and clients without an Origin, as long as they bring no session: those are
    scripts, and no person's cookie rides along. A session without an Origin may come from anywhere, and is refused
    unless YJS_ALLOW_COOKIES_WITHOUT_ORIGIN is set. Channels' own validator refuses all scripts."""

    def __init__(self, application: Any) -> None:
        allowed = settings.ALLOWED_HOSTS or (LAPTOP_HOSTS if settings.DEBUG else [])
        super().__init__(application, allowed)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        headers = scope.get("headers", [])
        has_origin = any(name == b"origin" for name, _ in headers)
        if has_origin or not has_session(headers) or setting("ALLOW_COOKIES_WITHOUT_ORIGIN"):
            return await super().__call__(scope, receive, send)
        log_refusal(
            "socket", "none", "have it send an Origin or no session cookie, or set YJS_ALLOW_COOKIES_WITHOUT_ORIGIN"
        )
        return await WebsocketDenier()(scope, receive, send)

    def valid_origin(self, parsed_origin: Any) -> bool:
        if parsed_origin is None or self.validate_origin(parsed_origin):
            return True
        origin = parsed_origin.geturl()
        host = host_of(origin)
        log_refusal(
            "socket", origin, f"add {host!r} to ALLOWED_HOSTS" if host else "open the page by its own address"
        )
        return False


def has_session(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    cookies = "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")
    return settings.SESSION_COOKIE_NAME in parse_cookie(cookies)


def log_refusal(what: str, origin: str, remedy: str) -> None:
    """Logs each refusal once."""
    if (what, origin) not in _logged and len(_logged) < MAX_LOGGED:
        _logged.add((what, origin))
        logger.warning("%s refused origin=%r: to accept it, %s", what, origin[:MAX_LENGTH], remedy[:MAX_LENGTH])


def host_of(origin: str) -> str:
    """The host of an origin, or "" if no setting could accept it."""
    try:
        address = urlsplit(origin)
    except ValueError:
        return ""
    return address.hostname or "" if address.scheme in ("http", "https") else ""
