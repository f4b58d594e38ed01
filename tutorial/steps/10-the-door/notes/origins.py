"""Pages of other addresses: their sockets and forms are refused, and the log says once what would let each one in.

A page comes from another address where a proxy or a tunnel does not pass on the name under which it is reached. What
the browser says of itself, the Origin, is then not what the server takes for its own address.
"""

import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.shortcuts import render

logger = logging.getLogger(__name__)

MAX_LOGGED = 100  # refusals of one process, since anybody can make up addresses without end
MAX_LENGTH = 200  # characters of an address in the log
_logged: set[tuple[str, str]] = set()


def log_refusal(what: str, origin: str, remedy: str) -> None:
    """Logs each refusal once."""
    if (what, origin) not in _logged and len(_logged) < MAX_LOGGED:
        _logged.add((what, origin))
        logger.warning("%s refused origin=%r: to accept it, %s", what, origin[:MAX_LENGTH], remedy[:MAX_LENGTH])


def refuse_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    origin = request.headers.get("Origin", "")
    host = host_of(origin) if reason == REASON_BAD_ORIGIN % origin else ""
    if host:
        log_refusal("form", origin, f"add {origin!r} to CSRF_TRUSTED_ORIGINS")
    context = {"origin": origin, "host": host, "is_debug": settings.DEBUG}
    return render(request, "403_csrf.html", context, status=403)


def host_of(origin: str) -> str:
    """Empty if this is no address that a setting could accept."""
    try:
        address = urlsplit(origin)
    except ValueError:
        return ""
    return address.hostname or "" if address.scheme in ("http", "https") else ""
