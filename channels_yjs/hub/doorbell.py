"""This process's end of the channel layer: it rings the other processes and hears them ring.

A ring says where to look, so one that is lost, doubled or late costs time and nothing else.

Invariant: nobody waits for the channel layer. A separate task sends the rings, a newer ring replaces an older one
that says the same, and while Redis is away they are dropped.
"""

import asyncio
import logging
import sys
import time
import uuid
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import DEFAULT_DB_ALIAS, transaction

from . import rings
from .rings import Ring, UnknownRing

logger = logging.getLogger(__name__)

EVERYONE = "channels_yjs.everyone"  # the group that every process joins
PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 0.5
HANGING_SECONDS = 10.0  # for so long code does not try again to ring over a layer that did not answer
_hangs_until = 0.0  # time.monotonic()
MADE_UP_FOR = (rings.Changed, rings.Saved, rings.Deleted)  # by the rooms' own look at the database, and the lists'


def outage() -> tuple[type[Exception], ...]:
    """The errors of a channel layer that is away. Redis's library is not imported for that, which takes a third of a
    second: where the layer does not use it, it raises nothing."""
    redis = sys.modules.get("redis.exceptions")
    return (OSError, TimeoutError, redis.RedisError) if redis else (OSError, TimeoutError)


def timeouts() -> tuple[type[Exception], ...]:
    """Those of the outages that took their time."""
    redis = sys.modules.get("redis.exceptions")
    return (TimeoutError, redis.TimeoutError) if redis else (TimeoutError,)


def group_of(document: int) -> str:
    return f"channels_yjs.{document}"


def ring(group: str, ring: Ring, process: str = "") -> None:
    """Rings from ordinary blocking code, such as a view or a command that has deleted something. Code that passes for
    a process of its own, with people, names itself."""
    global _hangs_until
    if isinstance(ring, MADE_UP_FOR) and time.monotonic() < _hangs_until:
        logger.debug("ring not sent group=%s", group)
        return
    try:
        _send_and_wait(group, {**rings.encode(ring), "process": process})
    except outage() as error:
        logger.warning("ring lost group=%s error=%r", group, error)
        if isinstance(error, timeouts()):  # who saves a thousand rows must not wait a thousand times
            _hangs_until = time.monotonic() + HANGING_SECONDS


def _send_and_wait(group: str, message: dict[str, Any]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        async_to_sync(_send)(group, message)
    else:  # a notebook, with DJANGO_ALLOW_ASYNC_UNSAFE
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(asyncio.run, _send(group, message)).result()


async def _send(group: str, message: dict[str, Any]) -> None:
    """To its end, also in a request that its browser has given up. Django cancels that, and asgiref lets it arrive
    here, where it would end the view in the middle of what it does."""
    sending = asyncio.ensure_future(_send_in_time(group, message))
    while not sending.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(sending)
    sending.result()


async def _send_in_time(group: str, message: dict[str, Any]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await get_channel_layer().group_send(group, message)


def ring_after_commit(group: str, said: Ring, using: str = DEFAULT_DB_ALIAS) -> None:
    """The same, once what it tells of is in the database."""
    try:
        transaction.on_commit(lambda: ring(group, said), using=using)
    except transaction.TransactionManagementError:  # code that commits by itself, and tells nobody when
        ring(group, said)


class Doorbell:
    """Calls `on_ring` with the name of a process and its ring, `on_joined` with each group that has been joined, and
    `on_missed` when any ring may have been missed."""

    def __init__(
        self, on_ring: Callable[[str, Ring], None], on_joined: Callable[[str], None], on_missed: Callable[[], None]
    ) -> None:
        self.name = uuid.uuid4().hex  # names this process, so that it recognizes its own rings
        self._on_ring, self._on_joined, self._on_missed = on_ring, on_joined, on_missed
        self._layer = get_channel_layer()
        self._channel = ""
        self._groups = {EVERYONE}
        self._joined: set[str] = set()
        self._to_renew: set[str] = set()  # joined before
        self._outgoing: dict[tuple[str, Hashable], tuple[str, Ring]] = {}
        self._wake = asyncio.Event()
        self._is_out = False
        self._may_have_missed = True  # nobody hears before they have joined

    def ring(self, group: str, ring: Ring) -> None:
        """Sends soon, in place of an older one of the same kind that is still unsent."""
        self._outgoing[group, ring.topic] = (group, ring)
        self._wake.set()

    def join(self, group: str) -> None:
        self._groups.add(group)
        self._wake.set()

    def leave(self, group: str) -> None:
        self._groups.discard(group)
        self._wake.set()

    def renew(self) -> None:
        """Joins every group again: a layer may have forgotten who was in it."""
        self._to_renew |= self._joined
        self._joined.clear()
        self._wake.set()

    async def listen(self) -> None:
        """Passes on every ring of another process."""
        self._channel = await self._until_it_works(self._layer.new_channel)
        self._wake.set()
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except outage():
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if message.get("process") != self.name:
                self._hear(message)

    async def speak(self) -> None:
        """Joins and leaves groups, and sends the outgoing rings."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._follow_groups()
            for _ in range(len(self._outgoing)):  # those that come meanwhile wait: a group may have to be joined
                group, ring = self._outgoing.pop(next(iter(self._outgoing)))
                message = {**rings.encode(ring), "process": self.name}
                if not await self._try(self._layer.group_send, group, message):
                    self._outgoing.clear()
                    break

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            ring = rings.decode(message)
        except UnknownRing as error:
            logger.warning("ring not understood error=%r", error)
        else:
            self._on_ring(str(message.get("process", "")), ring)

    async def _follow_groups(self) -> None:
        if not self._channel:
            return
        for group in (self._joined | self._to_renew) - self._groups:
            self._joined.discard(group)
            self._to_renew.discard(group)
            await self._try(self._layer.group_discard, group, self._channel)
        for group in self._groups - self._joined:
            if await self._try(self._layer.group_add, group, self._channel):
                self._joined.add(group)
                self._to_renew.discard(group)
                self._on_joined(group)
        if self._may_have_missed and not self._is_out and EVERYONE in self._joined:
            self._may_have_missed = False
            self._on_missed()

    async def _try(self, send: Callable[..., Any], *args: Any) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await send(*args)
        except outage() as error:
            if not self._is_out:
                logger.warning("channel layer lost error=%r", error)
            self._is_out = self._may_have_missed = True
            return False
        if self._is_out:
            logger.warning("channel layer back")
            self.renew()
        self._is_out = False
        return True

    async def _until_it_works(self, call: Callable[[], Any]) -> Any:
        while True:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await call()
            except outage():
                await asyncio.sleep(RETRY_SECONDS)
