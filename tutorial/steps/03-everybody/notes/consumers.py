"""The WebSocket of a note: what one person writes is saved, and sent to everybody else on that note."""

import json
from contextlib import suppress
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from .models import TITLE_MAX_LENGTH, Note


class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        self.group = f"note.{self.note_id}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        note = await Note.objects.aget(pk=self.note_id)
        await self.tell({"title": note.title, "text": note.text})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        written = json.loads(text_data or "{}")
        fields = {"title": written["title"][:TITLE_MAX_LENGTH], "text": written["text"]}
        await Note.objects.filter(pk=self.note_id).aupdate(**fields, updated_at=timezone.now())
        await self.tell({"saved": written["number"]})
        await self.channel_layer.group_send(self.group, {"type": "note.changed", "by": self.channel_name, **fields})

    async def note_changed(self, event: dict[str, Any]) -> None:
        if event["by"] != self.channel_name:
            await self.tell({"title": event["title"], "text": event["text"]})

    async def tell(self, message: dict[str, Any]) -> None:
        # A browser that has left hears nothing. What it sent before is saved all the same.
        with suppress(OSError, RuntimeError):
            await self.send(json.dumps(message))

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)
