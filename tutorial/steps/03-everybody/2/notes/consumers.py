"""The WebSocket of a note: sends the note to its page, and saves what the page sends."""

import json
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from .models import TITLE_MAX_LENGTH, Note


class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        await self.accept()
        note = await Note.objects.aget(pk=self.note_id)
        await self.tell({"title": note.title, "text": note.text})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        written = json.loads(text_data or "{}")
        fields = {"title": written["title"][:TITLE_MAX_LENGTH], "text": written["text"]}
        await Note.objects.filter(pk=self.note_id).aupdate(**fields, updated_at=timezone.now())
        await self.tell({"saved": written["number"]})

    async def tell(self, message: dict[str, Any]) -> None:
        await self.send(json.dumps(message))
