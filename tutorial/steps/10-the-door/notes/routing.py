from typing import Any

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.urls import re_path

from .consumers import LobbyConsumer, NoteConsumer
from .origins import host_of, log_refusal

LAPTOP_HOSTS = ["localhost", ".localhost", "127.0.0.1", "[::1]"]  # what Django allows under DEBUG

websocket_urlpatterns = [
    re_path(r"^ws/notes/(?P<note_id>\d{1,18})/?$", NoteConsumer.as_asgi()),
    re_path(r"^ws/notes/?$", LobbyConsumer.as_asgi()),
]


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
