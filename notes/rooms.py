"""Rooms: each is one open note in this process, with everyone on it who is connected here.

A room checks what comes in, has the writer save it, and after the commit sends it to its connections, merged
and encoded once. It learns what other processes saved when they ring the doorbell, or at the latest by
looking at the log every few seconds: the doorbell may fail, the log does not.

Invariant: nothing is sent that the database does not hold, and `document.seq` is the number up to which
everything has been sent to every connection.
"""

import logging
from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from django import db
from django.conf import settings

from . import documents, protocol
from .documents import Batch, Document, Row
from .doorbell import group_of
from .models import Note
from .presence import Presence
from .protocol import EMPTY_UPDATE, Awareness, AwarenessEntry, CloseCode, Message, SyncStatus

if TYPE_CHECKING:
    from .process import Process

logger = logging.getLogger(__name__)
Job = Callable[[], Coroutine[Any, Any, None]]

PROJECT_AFTER_SECONDS = 1.0
RETRY_SECONDS = 1.0
IDLE_SECONDS = 10.0  # a room stays open so long after the last one left: most often somebody reloads


class Connection(Protocol):
    """One socket, as its room sees it. Neither method waits or raises."""

    def __hash__(self) -> int: ...
    def deliver(self, frame: bytes) -> None: ...
    def shut(self, code: CloseCode, reason: str) -> None: ...


@dataclass(slots=True)
class Inbox:
    """Updates that are not saved yet, and who asked to be told when they are."""

    updates: list[bytes] = field(default_factory=list)
    questions: list[tuple[Connection, SyncStatus]] = field(default_factory=list)
    size: int = 0  # of the updates, in bytes

    def __bool__(self) -> bool:
        return bool(self.updates or self.questions)

    def add(self, update: bytes) -> None:
        self.updates.append(update)
        self.size += len(update)

    def followed_by(self, later: "Inbox") -> "Inbox":
        return Inbox(self.updates + later.updates, self.questions + later.questions, self.size + later.size)


class Room:
    def __init__(self, note_id: int, process: "Process") -> None:
        self.note_id = note_id
        self.group = group_of(note_id)
        self.connections: set[Connection] = set()
        self.presence = Presence()
        self.document = Document([])
        self._process = process
        self._waiting, self._saving = Inbox(), Inbox()
        self._is_behind = False
        self._running: set[str] = set()
        self._timers: dict[str, TimerHandle] = {}

    async def open(self) -> None:
        """Raises Note.DoesNotExist, or a database error."""
        self.document.extend(await self._process.reader.run(documents.read, self.note_id))
        self._process.doorbell.join(self.group)
        self._project_soon()  # the process that made the last change may have died before it did

    def close(self) -> None:
        self._process.doorbell.leave(self.group)
        for timer in self._timers.values():
            timer.cancel()

    # A connection's life

    def add(self, connection: Connection) -> None:
        self._cancel(self._fall_idle)
        self.connections.add(connection)
        connection.deliver(protocol.encode(protocol.SyncStep1(self.document.state_vector)))
        if everyone := self.presence.everyone():
            connection.deliver(protocol.encode(Awareness(everyone)))

    def receive(self, connection: Connection, message: Message) -> None:
        """Raises ProtocolError if the message carries an update that the CRDT library refuses."""
        match message:
            case protocol.SyncStep1(state_vector):
                missing = self.document.missing(state_vector)
                connection.deliver(protocol.encode(protocol.SyncStep2(missing)))
            case protocol.SyncStep2(update) | protocol.SyncUpdate(update):
                self._receive_update(connection, update)
            case SyncStatus():
                self._receive_question(connection, message)
            case Awareness(entries):
                self._receive_presence(connection, entries)
            case protocol.QueryAwareness():
                connection.deliver(protocol.encode(Awareness(self.presence.everyone())))

    def remove(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._tell_presence(self.presence.leave(connection))
        if not self.connections:
            self._later(IDLE_SECONDS, self._fall_idle)

    # One keystroke: received, saved, sent

    def _receive_update(self, connection: Connection, update: bytes) -> None:
        if update == EMPTY_UPDATE:
            return
        documents.check_acceptable(update)
        if self._waiting.size + self._saving.size + len(update) > settings.MAX_QUEUED_BYTES:
            connection.shut(CloseCode.TRY_AGAIN, "The database is behind; send it again later.")
            return
        self._waiting.add(update)
        self._process.writer.submit(self)

    def _receive_question(self, connection: Connection, question: SyncStatus) -> None:
        if self._waiting or self._saving:
            self._waiting.questions.append((connection, question))
            self._process.writer.submit(self)
        else:
            connection.deliver(protocol.encode(question))

    def take(self) -> Batch | None:
        """Hands what waits to the writer, which answers with one of the next three."""
        self._saving, self._waiting = self._waiting, Inbox()
        updates = self._saving.updates
        return Batch(self.document.seq, documents.merge(updates)) if updates else None

    def put_back(self) -> None:
        self._waiting, self._saving = self._saving.followed_by(self._waiting), Inbox()

    def committed(self, rows: list[Row]) -> None:
        saved, self._saving = self._saving, Inbox()
        if rows:
            self._advance(rows)
            self._process.doorbell.ring(self.group, {"type": "ring", "note": self.note_id})
        for connection, question in saved.questions:
            connection.deliver(protocol.encode(question))

    def vanished(self) -> None:
        """The note has been deleted."""
        for connection in list(self.connections):
            connection.shut(CloseCode.NO_SUCH_NOTE, "This note has been deleted.")
        self._process.close_room(self)

    def look(self) -> None:
        """Reads what the log holds beyond `document.seq`: after a ring there should be something."""
        self._is_behind = True
        self._start(self._catch_up)

    async def _catch_up(self) -> None:
        while self._is_behind:
            self._is_behind = False
            self._advance(await self._process.reader.run(documents.read, self.note_id, self.document.seq))

    def _advance(self, rows: Iterable[Row]) -> None:
        news = self.document.extend(rows)
        if news:
            self._send(protocol.SyncUpdate(documents.merge(news)))
            self._project_soon()
        if self.document.tail_length > settings.COMPACT_AFTER_UPDATES:
            self._start(self._compact)

    def _send(self, message: Message) -> None:
        frame = protocol.encode(message)
        for connection in list(self.connections):  # a copy: one that dies leaves the set meanwhile
            connection.deliver(frame)

    # Presence

    def _receive_presence(self, connection: Connection, entries: Iterable[AwarenessEntry]) -> None:
        own = self.presence.own(connection, entries)
        news = self.presence.update(connection, own)
        self._tell_presence(news)
        for entry in own:
            if entry not in news and (farewell := self.presence.farewell(entry.client_id)):
                connection.deliver(protocol.encode(Awareness((farewell,))))

    def hear_presence(self, process: str, entries: Iterable[AwarenessEntry]) -> None:
        """Takes in what another process tells of its people."""
        if news := self.presence.update(process, entries):
            self._send(Awareness(news))

    def forget_process(self, process: str) -> None:
        if news := self.presence.leave(process):
            self._send(Awareness(news))

    def announce_presence(self) -> None:
        """Tells the other processes who is connected here."""
        for entry in self.presence.owned_by(self.connections):
            self._ring_presence(entry)

    def _tell_presence(self, news: tuple[AwarenessEntry, ...]) -> None:
        if news:
            self._send(Awareness(news))
            for entry in news:
                self._ring_presence(entry)
            self._process.tell_people(self.note_id, self.presence.people(self.connections))

    def _ring_presence(self, entry: AwarenessEntry) -> None:
        fields = [entry.client_id, entry.clock, entry.state]
        message = {"type": "presence", "note": self.note_id, "entry": fields}
        self._process.doorbell.ring(self.group, message, entry.client_id)

    # Housekeeping

    def _project_soon(self) -> None:
        if "_project" not in self._timers:
            self._later(PROJECT_AFTER_SECONDS, self._project)

    async def _project(self) -> None:
        if await self._process.reader.run(documents.project, self.note_id, *self.document.texts):
            self._process.tell_changed(self.note_id)

    async def _compact(self) -> None:
        self.document.rebase(await self._process.reader.run(documents.compact, self.note_id))

    async def _fall_idle(self) -> None:
        if self._is_empty():
            await self._project()
            await self._compact()
        if self._is_empty():
            self._process.close_room(self)

    def _is_empty(self) -> bool:
        return not (self.connections or self._waiting or self._saving)

    def _later(self, seconds: float, job: Job) -> None:
        self._cancel(job)
        self._timers[job.__name__] = get_running_loop().call_later(seconds, self._start, job)

    def _cancel(self, job: Job) -> None:
        if timer := self._timers.pop(job.__name__, None):
            timer.cancel()

    def _start(self, job: Job) -> None:
        """Runs a job beside the others, but not twice at a time."""
        self._timers.pop(job.__name__, None)
        if job.__name__ not in self._running:
            self._running.add(job.__name__)
            self._process.start(self._run(job))

    async def _run(self, job: Job) -> None:
        try:
            await job()
        except Note.DoesNotExist:
            self.vanished()
        except db.Error as error:
            logger.warning("job failed note=%s job=%s error=%r", self.note_id, job.__name__, error)
            self._later(RETRY_SECONDS, job)
        finally:
            self._running.discard(job.__name__)
