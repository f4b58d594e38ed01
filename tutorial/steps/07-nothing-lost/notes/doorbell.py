"""This process's place on the channel layer: it rings the other processes and hears them ring.

A ring says where to look and carries no text, so one that is lost, doubled or late costs time and nothing
else. Names and cursors are the exception: they are not stored anywhere, so their messages carry them.

Invariant: nobody waits for the channel layer. Messages go out from a task of their own, a newer one takes the
place of an older one with the same key, and while Redis is away they are dropped.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

EVERYONE = "notes.everyone"  # the group that every process is in
OUTAGE = (RedisError, OSError, TimeoutError)
PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 0.5


def group_of(note_id: int) -> str:
    return f"note.{note_id}"


def ring(group: str, message: dict[str, Any]) -> None:
    """Rings from ordinary blocking code, such as a view or a command that has deleted a note."""
    try:
        async_to_sync(get_channel_layer().group_send)(group, message)
    except OUTAGE as error:
        logger.warning("ring lost group=%s error=%r", group, error)


class Doorbell:
    def __init__(self, answer: Callable[[dict[str, Any]], None]) -> None:
        self.name = uuid.uuid4().hex  # of this process, so that it knows its own rings
        self._answer = answer
        self._layer = get_channel_layer()
        self._channel = ""
        self._groups = {EVERYONE}
        self._joined: set[str] = set()
        self._outgoing: dict[tuple[Any, ...], tuple[str, dict[str, Any]]] = {}
        self._wake = asyncio.Event()
        self._is_out = False

    def ring(self, group: str, message: dict[str, Any], *key: Any) -> None:
        """Sends soon. `key` tells which older message, still unsent, this one replaces."""
        self._outgoing[group, message["type"], *key] = (group, {**message, "process": self.name})
        self._wake.set()

    def join(self, group: str) -> None:
        self._groups.add(group)
        self._wake.set()

    def leave(self, group: str) -> None:
        self._groups.discard(group)
        self._wake.set()

    def renew(self) -> None:
        """Joins every group again: a layer may have forgotten who was in it."""
        self._joined.clear()
        self._wake.set()

    async def listen(self) -> None:
        """Hands every message from another process to `answer`."""
        self._channel = await self._until_it_works(self._layer.new_channel)
        self._wake.set()
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except OUTAGE:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if message.get("process") != self.name:
                self._answer(message)

    async def speak(self) -> None:
        """Joins and leaves groups and sends what is to go out."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._follow_groups()
            while self._outgoing:
                group, message = self._outgoing.pop(next(iter(self._outgoing)))
                if not await self._try(self._layer.group_send, group, message):
                    self._outgoing.clear()

    async def _follow_groups(self) -> None:
        if not self._channel:
            return
        for group in self._joined - self._groups:
            self._joined.discard(group)
            await self._try(self._layer.group_discard, group, self._channel)
        for group in self._groups - self._joined:
            if await self._try(self._layer.group_add, group, self._channel):
                self._joined.add(group)
                self._answer({"type": "joined", "group": group})

    async def _try(self, send: Callable[..., Any], *args: Any) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await send(*args)
        except OUTAGE as error:
            if not self._is_out:
                logger.warning("channel layer lost error=%r", error)
            self._is_out = True
            return False
        if self._is_out:
            logger.warning("channel layer back")
        self._is_out = False
        return True

    async def _until_it_works(self, call: Callable[[], Any]) -> Any:
        while True:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await call()
            except OUTAGE:
                await asyncio.sleep(RETRY_SECONDS)
