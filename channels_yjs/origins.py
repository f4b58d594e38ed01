"""Pages of other addresses: their sockets are refused, and the log says once what would let each one in.

A page comes from another address where a proxy or a tunnel does not pass on the name under which it is reached. What
the browser says of itself, the Origin, is then not what the server takes for its own address.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import OriginValidator
from django.conf import settings

logger = logging.getLogger(__name__)

LAPTOP_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]  # what Django allows under DEBUG
MAX_LOGGED = 100  # refusals of one process, since anybody can make up addresses without end
MAX_LENGTH = 200  # characters of an address in the log
_logged: set[tuple[str, str]] = set()


class SameSiteOrigins(OriginValidator):
    """Lets in pages of the allowed hosts, and whoever sends no Origin at all: that is no browser, so there is
    no cookie that it could ride on. Channels' own validator refuses scripts as well as foreign pages."""

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
    """Empty if this is no address that a setting could accept."""
    try:
        address = urlsplit(origin)
    except ValueError:
        return ""
    return address.hostname or "" if address.scheme in ("http", "https") else ""
