from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.shortcuts import render

from channels_yjs.origins import host_of, log_refusal


def refuse_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW. Logs once which setting would let this address in."""
    origin = request.headers.get("Origin", "")
    host = host_of(origin) if reason == REASON_BAD_ORIGIN % origin else ""
    if host:
        log_refusal("form", origin, f"add {origin!r} to CSRF_TRUSTED_ORIGINS")
    context = {"origin": origin, "host": host, "is_debug": settings.DEBUG}
    return render(request, "403_csrf.html", context, status=403)
