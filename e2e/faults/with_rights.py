"""The app's server, with accounts and rights: `e2e.faults.with_rights:application`. Groups say who may do what, so
that rights are rows that others change."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtime_notes.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from channels_yjs.access import Access  # noqa: E402
from channels_yjs.consumers import DocumentConsumer  # noqa: E402
from channels_yjs.origins import SameSiteOrigins  # noqa: E402
from notes.models import Note  # noqa: E402


class Door(DocumentConsumer):
    queryset = Note.objects.all()

    async def authorize(self, owner: Any) -> Any:
        groups = [name async for name in self.scope["user"].groups.values_list("name", flat=True)]
        return Access.WRITE if "write" in groups else "read" in groups and Access.READ


doors = AuthMiddlewareStack(URLRouter([path("ws/notes/<int:pk>", Door.as_asgi())]))
application = ProtocolTypeRouter({"http": django_application, "websocket": SameSiteOrigins(doors)})
