"""The WebSocket of a note. Speaks y-protocols: every browser tells what it has, is told what it lacks, and then each
change goes to everybody. What the changes mean only the CRDT library knows."""

from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from pycrdt import create_update_message, get_state, get_update, read_message, write_message

from . import documents

SYNC, SYNC_STEP_1, SYNC_STEP_2 = 0, 0, 1


class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        self.group = f"note.{self.note_id}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send_sync(SYNC_STEP_1, get_state(await self.read()))

    async def receive(self, text_data: str | None = None, bytes_data: bytes = b"") -> None:
        match list(bytes_data[:2]):
            case [0, 0]:  # "this is what I have"
                missing = get_update(await self.read(), read_message(bytes_data[2:]))
                await self.send_sync(SYNC_STEP_2, missing)
            case [0, _]:  # "this is what you lack", or what was written just now
                await self.change(read_message(bytes_data[2:]))
            case [102, _]:  # "tell me when all is saved": it is, since each frame waits for the one before
                await self.tell(bytes_data)
            case _:  # names and cursors are passed on as they are
                await self.channel_layer.group_send(self.group, {"type": "note.frame", "frame": bytes_data})

    async def change(self, update: bytes) -> None:
        frame = create_update_message(update)
        await self.channel_layer.group_send(self.group, {"type": "note.frame", "frame": frame})
        await database_sync_to_async(documents.append)(self.note_id, update)

    async def note_frame(self, event: dict[str, Any]) -> None:
        await self.tell(event["frame"])

    async def tell(self, frame: bytes) -> None:
        # Who has left is told nothing. What they sent before is saved all the same.
        with suppress(OSError, RuntimeError):
            await self.send(bytes_data=frame)

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)
        await database_sync_to_async(documents.project)(self.note_id)

    async def read(self) -> bytes:
        return await database_sync_to_async(documents.read)(self.note_id)

    async def send_sync(self, kind: int, body: bytes) -> None:
        await self.tell(bytes([SYNC, kind]) + write_message(body))
