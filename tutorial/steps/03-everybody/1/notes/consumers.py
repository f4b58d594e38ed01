"""The WebSocket of a note: sends the note to its page."""

import json
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from .models import Note


class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        await self.accept()
        note = await Note.objects.aget(pk=self.note_id)
        await self.tell({"title": note.title, "text": note.text})

    async def tell(self, message: dict[str, Any]) -> None:
        await self.send(json.dumps(message))
