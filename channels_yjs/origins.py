"""Refuses sockets of pages from other addresses, and logs once which setting would let each one in.

A page comes from another address if a proxy or a tunnel does not pass on the host name that the browser used. The
browser's Origin then differs from what the server takes for its own address.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator
from django.conf import settings

logger = logging.getLogger(__name__)

LAPTOP_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]  # Django allows these under DEBUG
MAX_LOGGED = 100  # refusals by one process, since anybody can make up any number of addresses
MAX_LENGTH = 200  # characters of an address in the log
_logged: set[tuple[str, str]] = set()


class SameSiteOrigins(OriginValidator):
    """Lets in pages of the allowed hosts, and clients that send no Origin at all: those are not browsers, so there is
    no cookie to abuse. Channels' own validator refuses scripts as well as foreign pages."""

    def __init__(self, application: Any) -> None:
        allowed = settings.ALLOWED_HOSTS or (LAPTOP_HOSTS if settings.DEBUG else [])
        super().__init__(application, allowed)

    def valid_origin(self, parsed_origin: Any) -> bool:
        if parsed_origin is None or self.validate_origin(parsed_origin):
            return True
        origin = parsed_origin.geturl()
        host = host_of(origin)
        log_refusal(
            "socket", origin, f"add {host!r} to ALLOWED_HOSTS" if host else "open the page by its own address"
        )
        return False


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
