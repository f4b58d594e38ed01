"""Group commit: one task saves the updates that wait in all rooms of this process, one transaction at a time.

There is no timer. Updates that arrive during a commit form the next batch, so a lone keystroke waits for nothing and
a crowd shares one transaction. Knows no sockets and no messages.

Invariant: a room hears `committed` only after the database has confirmed the transaction. While the database
cannot be reached or is full, updates go on waiting and nobody is told that anything is saved.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

from django import db

from . import store
from .replica import Row
from .store import Batch, DocumentError

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

SLOW_COMMIT_SECONDS = 0.5
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.1, 2.0


class DatabaseThread:
    """A thread of its own with a database connection of its own, for calls that block."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def call() -> T:
            try:
                return function(*args, **kwargs)
            except db.Error:
                db.connections.close_all()  # the connection may be broken; the next call opens a new one
                raise

        try:
            future = self._executor.submit(call)
        except RuntimeError:
            # The interpreter is exiting, as when `runserver` restarts after a save. The calling task ends, too.
            raise asyncio.CancelledError from None
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, db.connections.close_all)
        self._executor.shutdown()


class Waiting(Protocol):
    """The part of a room that the writer knows."""

    id: int  # its document's

    def take(self) -> Batch | None: ...
    def put_back(self) -> None: ...
    def committed(self, rows: list[Row]) -> None: ...
    def vanished(self) -> None: ...
    def fail(self, error: DocumentError) -> None: ...


class Writer:
    def __init__(self) -> None:
        self._thread = DatabaseThread("writer")
        self._waiting: dict[int, Waiting] = {}
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._between = asyncio.Lock()

    def submit(self, room: Waiting) -> None:
        """Schedules the room's waiting updates for the next commit."""
        self._waiting[room.id] = room
        self._wake.set()
        self._quiet.clear()

    async def flush(self) -> None:
        """Returns when nothing is left to save."""
        await self._quiet.wait()

    async def run(self) -> None:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            await self._wake.wait()
            self._wake.clear()
            rooms, self._waiting = self._waiting, {}
            if await self._commit(rooms):
                retry_seconds = FIRST_RETRY_SECONDS
            else:
                for document_id in sorted(rooms):
                    rooms[document_id].put_back()
                    self.submit(rooms[document_id])
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, LAST_RETRY_SECONDS)
            if not self._waiting:
                self._quiet.set()

    async def run_between(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs another function that writes to the database, between two commits. Where many of them are due at the
        same time, as when the people in all rooms pause, a commit waits for one of them at most."""
        async with self._between:
            return await self._thread.run(function, *args, **kwargs)

    async def close(self) -> None:
        await self._thread.close()

    async def _commit(self, rooms: dict[int, Waiting]) -> bool:
        taken = {document_id: rooms[document_id].take() for document_id in sorted(rooms)}
        batches = {document_id: batch for document_id, batch in taken.items() if batch}
        started = time.monotonic()
        try:
            saved = await self._thread.run(store.append, batches) if batches else {}
        except db.Error as error:
            logger.warning("commit failed documents=%s error=%r, trying again", len(batches), str(error))
            return False
        except DocumentError as error:
            rooms.pop(error.document_id).fail(error)  # the others are saved without it
            return False
        seconds = time.monotonic() - started
        if seconds > SLOW_COMMIT_SECONDS:
            logger.warning("slow commit documents=%s seconds=%.2f", len(batches), seconds)
        for document_id, room in rooms.items():
            if document_id in batches and document_id not in saved:
                room.vanished()
            else:
                room.committed(saved.get(document_id, []))
        return True
