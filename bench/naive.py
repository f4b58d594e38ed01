"""The naive consumer: each connection is a member of its note's group, and each message goes to the group.

It stores nothing and merges nothing. A channel that holds a hundred messages drops the next one, silently.
"""

import os
from typing import Any

import django
from django.conf import settings

if not settings.configured:
    layer = (
        {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": None}]},
        }
        if os.environ.get("REDIS_URL")
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
    settings.configure(SECRET_KEY="bench", INSTALLED_APPS=["channels"], CHANNEL_LAYERS={"default": layer})
    django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path


class NaiveConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.group = f"note.{self.scope['url_route']['kwargs']['name']}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.channel_layer.group_send(self.group, {"type": "note.changed", "frame": bytes_data})

    async def note_changed(self, event: dict[str, Any]) -> None:
        await self.send(bytes_data=event["frame"])

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([re_path(r"^(?P<name>\w+)$", NaiveConsumer.as_asgi())]),
    }
)
