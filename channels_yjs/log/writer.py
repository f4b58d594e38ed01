"""Group commit: one task saves the updates that wait in all rooms of this process, one transaction at a time.

There is no timer. Updates that arrive during a commit form the next batch, so a lone keystroke waits for nothing and
a crowd shares one transaction. Knows no sockets and no messages.

Nobody waits long for a row that a transaction of somebody else holds, as that of an edit in a view that goes on
working. Its document is saved by transactions of its own until the row is free. SQLite only locks everything at once.

Invariant: a room hears `committed` only after the database has confirmed the transaction. While the database
cannot be reached or is full, updates go on waiting and nobody is told that anything is saved.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from django import db
from django.db import connection, transaction

from . import store
from .replica import Row
from .store import Batch, DocumentError

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

SLOW_COMMIT_SECONDS = 0.5
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.1, 2.0
LOCK_MILLISECONDS = 200  # another process that commits holds a row for a few
ALONE_MILLISECONDS = 20
MOST_APART = 5  # in one round, so that others wait for a tenth of a second
HELD_SECONDS = 1.0
LOCK_NOT_AVAILABLE = "55P03"  # in PostgreSQL's list of error codes


class HeldError(db.OperationalError):
    """A transaction of somebody else holds a row. Nothing has been written."""


def impatiently(milliseconds: int, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a function that writes. Raises HeldError if it waits longer for a row."""
    if connection.vendor != "postgresql":
        return function(*args, **kwargs)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {milliseconds}")
            return function(*args, **kwargs)
    except db.OperationalError as error:
        if getattr(getattr(error.__cause__, "diag", None), "sqlstate", "") == LOCK_NOT_AVAILABLE:
            raise HeldError(*error.args) from error
        raise


class DatabaseThread:
    """A thread of its own with a database connection of its own, for calls that block."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._shared: dict[Hashable, asyncio.Task[Any]] = {}  # calls that have not begun

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def call() -> T:
            try:
                return function(*args, **kwargs)
            except HeldError:
                raise
            except db.Error:
                db.connections.close_all()  # the connection may be broken; the next call opens a new one
                raise

        try:
            future = self._executor.submit(call)
        except RuntimeError:
            # The interpreter is exiting, as when `runserver` restarts after a save. The calling task ends, too.
            raise asyncio.CancelledError from None
        return await asyncio.wrap_future(future)

    async def run_shared(self, key: Hashable, function: Callable[[], T]) -> T:
        """Runs it once for all who ask with the same key before it begins. What was committed before they ask, it
        sees."""

        def call() -> T:
            del self._shared[key]
            return function()

        task = self._shared.get(key)
        if task is None:
            task = self._shared[key] = asyncio.Task(self.run(call))  # never an eager one, which would begin before
        return cast("T", await asyncio.shield(task))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, db.connections.close_all)
        self._executor.shutdown()

    def close_with_loop(self) -> None:
        """Blocking, for a loop that is about to end: its thread, and the connection of that, would outlive it."""
        with suppress(RuntimeError):  # the interpreter is exiting
            self._executor.submit(db.connections.close_all)
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
        self._held: dict[int, Waiting] = {}  # whose rows are held, and are not asked for at the moment
        self._apart: set[int] = set()  # documents that have been held, and may be still
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._between = asyncio.Lock()

    def submit(self, room: Waiting) -> None:
        """Schedules the room's waiting updates for the next commit."""
        self._quiet.clear()
        if room.id in self._held:
            self._held[room.id] = room
        else:
            self._waiting[room.id] = room
            self._wake.set()

    async def flush(self) -> None:
        """Returns when nothing is left to save."""
        await self._quiet.wait()

    async def run(self) -> None:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            await self._wake.wait()
            self._wake.clear()
            rooms, self._waiting = self._waiting, {}
            apart = [rooms.pop(document_id) for document_id in sorted(self._apart & rooms.keys())]
            for room in apart[MOST_APART:]:
                self.submit(room)  # for the next round
            groups = [{room.id: room} for room in apart[:MOST_APART]]
            failed = [] if await self._commit(rooms) else [rooms]
            failed += [group for group in groups if not await self._commit(group, ALONE_MILLISECONDS)]
            for room in [room for group in failed for room in group.values()]:
                room.put_back()
                self.submit(room)
            if failed:
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, LAST_RETRY_SECONDS)
            else:
                retry_seconds = FIRST_RETRY_SECONDS
            if not (self._waiting or self._held):
                self._quiet.set()

    async def run_between(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs another function that writes to the database, between two commits. Where many of them are due at the
        same time, as when the people in all rooms pause, a commit waits for one of them at most."""
        async with self._between:
            return await self._thread.run(impatiently, LOCK_MILLISECONDS, function, *args, **kwargs)

    async def close(self) -> None:
        await self._thread.close()

    def close_with_loop(self) -> None:
        self._thread.close_with_loop()

    async def _commit(self, rooms: dict[int, Waiting], patience: int = LOCK_MILLISECONDS) -> bool:
        self._apart -= rooms.keys()
        taken = {document_id: rooms[document_id].take() for document_id in sorted(rooms)}
        batches = {document_id: batch for document_id, batch in taken.items() if batch}
        started = time.monotonic()
        try:
            saved = await self._thread.run(impatiently, patience, store.append, batches) if batches else {}
        except HeldError:
            return await self._hold(rooms)
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

    async def _hold(self, rooms: dict[int, Waiting]) -> bool:
        """Tries each of these alone, or one alone again after a while. Leaves those that were not saved."""
        for room in rooms.values():
            room.put_back()
        if len(rooms) == 1:
            [room] = rooms.values()
            logger.warning("commit waits for another transaction document=%s", room.id)
            self._held[room.id] = self._waiting.pop(room.id, room)
            asyncio.get_running_loop().call_later(HELD_SECONDS, self._ask_again, room.id)
            return True
        for document_id, room in list(rooms.items()):
            alone = {document_id: room}
            if await self._commit(alone, ALONE_MILLISECONDS) or not alone:
                del rooms[document_id]
        return not rooms

    def _ask_again(self, document_id: int) -> None:
        self._apart.add(document_id)
        self.submit(self._held.pop(document_id))
