"""The WebSocket of a note. Its browser is sent what it lacks of the log, and looks again when the doorbell rings."""

import asyncio
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from pycrdt import get_state, get_update, read_message, write_message
from redis.exceptions import RedisError

from . import documents
from .models import Update

STEP_1, STEP_2, UPDATE = b"\x00\x00", b"\x00\x01", b"\x00\x02"
LOOK_EVERY_SECONDS = 3


class NoteConsumer(AsyncWebsocketConsumer):
    known: int | None = None  # the number of the newest row that this browser has
    has_news = False  # in the log, for the fields of the note

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """What ends the connection ends its watch, and the other way round."""
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self.watch())
            await super().__call__(scope, receive, send)
            watch.cancel()

    async def connect(self) -> None:
        self.note_id = int(self.scope["url_route"]["kwargs"]["note_id"])
        self.group = f"note.{self.note_id}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.tell(STEP_1 + write_message(get_state(documents.merge(await self.read()))))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = bytes_data or b""
        if frame.startswith(STEP_1):  # "this is what I have"
            rows = await self.read()
            await self.tell(STEP_2 + write_message(get_update(documents.merge(rows), read_message(frame[2:]))))
            self.known = rows[-1].seq if rows else 0
        elif frame.startswith((STEP_2, UPDATE)):  # "this is what you lack", or what was written just now
            await database_sync_to_async(documents.append)(self.note_id, read_message(frame[2:]))
            await self.send_to_group({"type": "note.rang"})
        else:  # "is all of it saved?", or what a page says of itself; hearing that again, it knows that we are there
            await self.tell(frame)

    async def send_to_group(self, event: dict[str, Any]) -> None:
        with suppress(OSError, RedisError):  # a ring that is lost costs three seconds
            await self.channel_layer.group_send(self.group, event)

    async def note_rang(self, event: dict[str, Any]) -> None:
        await self.look()

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            await self.look()
            if self.has_news:
                self.has_news = False
                await database_sync_to_async(documents.project)(self.note_id)

    async def look(self) -> None:
        """Sends the rows that this browser lacks, oldest first."""
        if self.known is None:
            return
        for row in await self.read(self.known):
            if row.seq > self.known:
                self.known, self.has_news = row.seq, True
                await self.tell(UPDATE + write_message(bytes(row.payload)))

    async def read(self, after: int = 0) -> list[Update]:
        return await database_sync_to_async(documents.read)(self.note_id, after)

    async def tell(self, frame: bytes) -> None:
        # A browser that has left hears nothing. What it sent is saved all the same.
        with suppress(OSError, RuntimeError):
            await self.send(bytes_data=frame)

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)
        await database_sync_to_async(documents.project)(self.note_id)
