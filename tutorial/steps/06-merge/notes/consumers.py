"""The WebSocket of a note. Each side says what it has and is sent what it lacks; then each change goes to all."""

from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from pycrdt import get_state, get_update, read_message, write_message

from . import documents

STEP_1, STEP_2, UPDATE = b"\x00\x00", b"\x00\x01", b"\x00\x02"


class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        self.group = f"note.{self.note_id}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.tell(STEP_1 + write_message(get_state(await self.read())))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = bytes_data or b""
        if frame.startswith(STEP_1):  # "this is what I have"
            missing = get_update(await self.read(), read_message(frame[2:]))
            await self.tell(STEP_2 + write_message(missing))
        elif frame.startswith((STEP_2, UPDATE)):  # "this is what you lack", or what was written just now
            await self.change(read_message(frame[2:]))
        else:  # "is all of it saved?", or what a page says of itself; hearing that again, it knows that we are there
            await self.tell(frame)

    async def change(self, update: bytes) -> None:
        frame = UPDATE + write_message(update)
        await self.channel_layer.group_send(self.group, {"type": "note.changed", "frame": frame})
        await database_sync_to_async(documents.append)(self.note_id, update)

    async def note_changed(self, event: dict[str, Any]) -> None:
        await self.tell(event["frame"])

    async def read(self) -> bytes:
        return await database_sync_to_async(documents.read)(self.note_id)

    async def tell(self, frame: bytes) -> None:
        # A browser that has left hears nothing. What it sent is saved all the same.
        with suppress(OSError, RuntimeError):
            await self.send(bytes_data=frame)

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)
        await database_sync_to_async(documents.project)(self.note_id)
