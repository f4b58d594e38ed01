"""Rooms: each is one open note in this process, with everyone on it who is connected here.

A room checks what comes in, has the writer save it, and after the commit sends it to its connections, merged
and encoded once. It learns what other processes saved when they ring the doorbell, or at the latest by
looking at the log every few seconds: the doorbell may fail, the log does not.

Invariant: nothing is sent that the database does not hold, and `document.seq` is the number up to which
everything has been sent to every connection.
"""

import logging
import math
import time
from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from django import db

from channels_yjs.conf import setting
from channels_yjs.hub import rings
from channels_yjs.hub.doorbell import group_of
from channels_yjs.log import crdt
from channels_yjs.log.replica import Replica, Row
from channels_yjs.rooms.causality import MissingUpdates, advance, overlaps
from channels_yjs.rooms.presence import Presence
from channels_yjs.wire import messages
from channels_yjs.wire.messages import LEFT, Awareness, AwarenessEntry, CloseCode, Message, Refused, SyncStatus
from channels_yjs.wire.updates import EMPTY_UPDATE, Shape, check_update, read_state_vector

from . import documents
from .documents import Batch, NoteError
from .models import Note

if TYPE_CHECKING:
    from .process import Process

logger = logging.getLogger(__name__)
Job = Callable[[], Coroutine[Any, Any, None]]

PROJECT_AFTER_SECONDS = 1.0
RETRY_SECONDS = 1.0
NOBODY_HERE = messages.encode(Awareness(()))
PRESENCE_GAP_SECONDS = 0.05  # between two rounds of news of names and cursors
ANSWER_SECONDS = 2.0  # for a connection whose client another one claims; whoever is alive needs a tenth of it
MAX_CLIENTS_OF_NOTE = 40_000  # a chain of twice as many overflows the stack of the CRDT library, and ends the process
IDLE_SECONDS = 10.0  # a room stays open so long after the last one left: most often somebody reloads


class Connection(Protocol):
    """One socket, as its room sees it. Neither method waits or raises."""

    def __hash__(self) -> int: ...
    def deliver(self, frame: bytes) -> None: ...
    def shut(self, code: int, reason: str) -> None: ...


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
        self.identity = ""
        self.group = group_of(note_id)
        self.connections: set[Connection] = set()
        self.presence = Presence()
        self.document = Replica(documents.NAMES)
        self._process = process
        self._waiting, self._saving = Inbox(), Inbox()
        self._is_behind = False
        self._running: set[str] = set()
        self._timers: dict[str, TimerHandle] = {}
        self._news: dict[int, tuple[AwarenessEntry, bool]] = {}  # by client, and whether it is here in this process
        self._news_timer: TimerHandle | None = None
        self._told_at = -math.inf
        self._challengers: set[Connection] = set()
        self._clocks: dict[int, int] = {}  # by client: what has been committed, or waits to be
        # Who was asked for what came before, and their questions.
        self._lacking: dict[Connection, list[SyncStatus]] = {}

    async def open(self) -> None:
        """Raises Note.DoesNotExist, NoteError, or a database error."""
        self.identity = await self._process.reader.run(documents.identity_of, self.note_id)
        self.document.extend(await self._read_on())
        self._count_clocks()
        self._process.doorbell.join(self.group)
        self._project_soon()  # the process that made the last change may have died before it did

    def close(self) -> None:
        self._process.doorbell.leave(self.group)
        for timer in [*self._timers.values(), *filter(None, [self._news_timer])]:
            timer.cancel()

    # A connection's life

    def add(self, connection: Connection) -> None:
        self._cancel(self._fall_idle)
        self.connections.add(connection)
        connection.deliver(messages.encode(messages.SyncStep1(self.document.state_vector)))
        for frame in messages.encode_presence(self.presence.everyone()):
            connection.deliver(frame)

    def receive(self, connection: Connection, message: Message) -> None:
        """Raises ProtocolError if the message carries an update that the CRDT library refuses."""
        self.presence.alive(connection)
        try:
            self._receive(connection, message)
        except Refused as refused:
            connection.shut(refused.code, refused.reason)

    def _receive(self, connection: Connection, message: Message) -> None:
        match message:
            case messages.SyncStep1(state_vector):
                missing = self.document.missing(state_vector)
                connection.deliver(messages.encode(messages.SyncStep2(missing)))
            case messages.SyncStep2(update, shape):
                self._receive_answer(connection, update, shape or check_update(update))
            case messages.SyncUpdate(update, shape):
                try:
                    self._receive_update(update, shape or check_update(update))
                except MissingUpdates:
                    self._ask_for_more(connection)
            case SyncStatus():
                self._receive_question(connection, message)
            case Awareness(entries):
                self._receive_presence(connection, entries)
            case messages.QueryAwareness():
                for frame in messages.encode_presence(self.presence.everyone()) or [NOBODY_HERE]:
                    connection.deliver(frame)

    def remove(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._lacking.pop(connection, None)
        self._tell_presence(self.presence.leave(connection), is_ours=True)
        if not self.connections:
            self._later(IDLE_SECONDS, self._fall_idle)

    # One keystroke: received, saved, sent

    def _receive_update(self, update: bytes, shape: Shape) -> None:
        """Takes in an update. Raises ProtocolError, MissingUpdates if it stands on something that is not there, or
        Refused if there is no room for it."""
        if update == EMPTY_UPDATE:
            return
        crdt.check_acceptable(update)
        reached = advance(self._clocks, shape)
        if overlaps(self._clocks, shape):
            update = crdt.new_in(update, {client: self._clocks.get(client, 0) for client in reached})
            shape = check_update(update)  # anew: of a letter that was cut in two nothing is left
            reached = advance(self._clocks, shape)
            if update == EMPTY_UPDATE:
                return
        if not shape.is_plain or len(reached) > 1:
            crdt.check_applies(update, self.document.missing(crdt.EMPTY_STATE_VECTOR), self._unsaved_updates())
        self._check_room_for(update, shape, reached)
        self._clocks.update(reached)
        self._waiting.add(update)
        self._process.writer.submit(self)

    def _check_room_for(self, update: bytes, shape: Shape, reached: Mapping[int, int]) -> None:
        if len(self._clocks) + len(reached.keys() - self._clocks.keys()) > MAX_CLIENTS_OF_NOTE:
            raise Refused(CloseCode.TOO_LARGE, "This note has been written in from too many pages.")
        unsaved = self._waiting.size + self._saving.size
        if self.document.size + unsaved + len(update) > setting("MAX_DOCUMENT_BYTES") and not shape.only_deletes():
            self._start(self._compact)  # what has been deleted from it may still be counted
            raise Refused(CloseCode.TOO_LARGE, "This note is full. Delete some of its text first.")
        if unsaved + len(update) > setting("MAX_UNSAVED_BYTES"):
            raise Refused(CloseCode.TRY_AGAIN, "The database is behind; send it again later.")

    def _unsaved_updates(self) -> list[bytes]:
        return self._saving.updates + self._waiting.updates

    def _ask_for_more(self, connection: Connection) -> None:
        """Somebody who types in the moment of connecting is ahead of their own answer to the sync step 1 of `add`."""
        if connection not in self._lacking:
            self._lacking[connection] = []
            connection.deliver(messages.encode(messages.SyncStep1(self.document.state_vector)))

    def _receive_answer(self, connection: Connection, update: bytes, shape: Shape) -> None:
        try:
            self._receive_update(update, shape)
        except MissingUpdates:
            raise messages.ProtocolError("An answer stands on updates that nobody has sent.") from None
        for question in self._lacking.pop(connection, []):
            self._receive_question(connection, question)

    def _receive_question(self, connection: Connection, question: SyncStatus) -> None:
        if connection in self._lacking:
            self._lacking[connection] = [question]  # of several, the newest is enough
        elif self._waiting or self._saving:
            self._waiting.questions.append((connection, question))
            self._process.writer.submit(self)
        else:
            connection.deliver(messages.encode(question))

    def take(self) -> Batch | None:
        """Hands what waits to the writer, which answers with one of the next three."""
        self._saving, self._waiting = self._waiting, Inbox()
        updates = self._saving.updates
        return Batch(self.document.seq, crdt.merge(updates), self.identity) if updates else None

    def put_back(self) -> None:
        self._waiting, self._saving = self._saving.followed_by(self._waiting), Inbox()

    def committed(self, rows: list[Row]) -> None:
        saved, self._saving = self._saving, Inbox()
        if rows:
            self._advance(rows)
            if len(rows) > 1:  # some of other processes: our own have been counted as they came
                self._count_clocks()
            self._process.doorbell.ring(self.group, rings.Saved(self.note_id))
        for connection, question in saved.questions:
            connection.deliver(messages.encode(question))

    def vanished(self) -> None:
        """The note has been deleted."""
        self._end(CloseCode.NO_SUCH_NOTE, "This note has been deleted.")

    def fail(self, error: NoteError) -> None:
        """The database does not hold what this room builds on. What people have not saved is in their pages."""
        self._end(error.code, error.reason)

    def _end(self, code: int, reason: str) -> None:
        for connection in list(self.connections):
            connection.shut(code, reason)
        self._process.close_room(self)

    def look(self) -> None:
        """Reads what the log holds beyond `document.seq`: after a ring there should be something."""
        self._is_behind = True
        self._start(self._catch_up)

    async def _catch_up(self) -> None:
        while self._is_behind:
            self._is_behind = False
            self._advance(await self._read_on())
            self._count_clocks()

    async def _read_on(self) -> list[Row]:
        return await self._process.reader.run(documents.read, self.note_id, self.document.seq, self.identity)

    def _advance(self, rows: Iterable[Row]) -> None:
        news = self.document.extend(rows)
        if news:
            self._send(messages.encode(messages.SyncUpdate(crdt.merge(news))))
            self._project_soon()
        if self.document.is_long:
            self._start(self._compact)

    def _count_clocks(self) -> None:
        for client, clock in read_state_vector(self.document.state_vector).items():
            self._clocks[client] = max(clock, self._clocks.get(client, 0))

    def _send(self, frame: bytes) -> None:
        for connection in list(self.connections):  # a copy: one that dies leaves the set meanwhile
            connection.deliver(frame)

    # Presence

    def _receive_presence(self, connection: Connection, entries: Iterable[AwarenessEntry]) -> None:
        own = self.presence.own(connection, entries)
        news = self.presence.update(connection, own)
        self._tell_presence(news, is_ours=True)
        for entry in own:
            if entry not in news and (farewell := self.presence.farewell(entry.client_id)):
                connection.deliver(messages.encode(Awareness((farewell,))))
        if rival := self.presence.rival(connection):
            self._challenge(connection, rival)

    def _challenge(self, challenger: Connection, rival: Hashable) -> None:
        """Asks the rival what every client answers: sync step 1."""
        if challenger in self._challengers:
            return
        self._challengers.add(challenger)
        get_running_loop().call_later(ANSWER_SECONDS, self._decide, challenger)
        for connection in self.connections.intersection({rival}):
            connection.deliver(messages.encode(messages.SyncStep1(self.document.state_vector)))

    def _decide(self, challenger: Connection) -> None:
        self._challengers.discard(challenger)
        self._tell_presence(self.presence.decide(challenger), is_ours=True)

    def hear_presence(self, process: str, entries: Iterable[AwarenessEntry]) -> None:
        """Takes in what another process tells of its people."""
        self._tell_presence(self.presence.update(process, entries), is_ours=False)

    def forget_process(self, process: str) -> None:
        self._tell_presence(self.presence.leave(process), is_ours=False)

    def announce_presence(self) -> None:
        """Tells the other processes who is connected here."""
        for entry in self.presence.owned_by(self.connections):
            self._ring_presence(entry)

    def renew_presence(self) -> None:
        """Tells everyone again of those who are connected here and silent, or they would be taken for gone."""
        self._tell_presence(self.presence.renew(self.connections), is_ours=True)

    def _tell_presence(self, news: Iterable[AwarenessEntry], *, is_ours: bool) -> None:
        """Tells everyone, at once if the room is quiet. What comes too often goes out together, each client once."""
        for entry in news:
            self._news[entry.client_id] = entry, is_ours
        wait = self._told_at + PRESENCE_GAP_SECONDS - time.monotonic()
        if self._news and wait <= 0:
            self._tell_news()
        elif self._news and not self._news_timer:
            self._news_timer = get_running_loop().call_later(wait, self._tell_news)

    def _tell_news(self) -> None:
        if self._news_timer:
            self._news_timer.cancel()
        news, self._news, self._news_timer = list(self._news.values()), {}, None
        self._told_at = time.monotonic()
        for entry, _ in news:
            self._move_clock_on(entry)
        for frame in messages.encode_presence(entry for entry, _ in news):
            self._send(frame)
        ours = [entry for entry, is_ours in news if is_ours]
        for entry in ours:
            self._ring_presence(entry)
        if ours:
            self._process.tell_people(self.note_id, self.presence.people(self.connections))

    def _move_clock_on(self, entry: AwarenessEntry) -> None:
        """A client that lags behind hears first that it has left. It answers with the state that it has now, and a
        newer clock. If it heard what everyone hears first, it would take an older state of its own for the newest."""
        for connection in self.connections.intersection({self.presence.lagging(entry.client_id)}):
            connection.deliver(messages.encode(Awareness((replace(entry, state=LEFT),))))

    def _ring_presence(self, entry: AwarenessEntry) -> None:
        self._process.doorbell.ring(self.group, rings.Presence(self.note_id, entry))

    # Housekeeping

    def _project_soon(self) -> None:
        if "_project" not in self._timers:
            self._later(PROJECT_AFTER_SECONDS, self._project)

    # Both write by way of the writer's thread: SQLite has two who write wait for each other, and not for short.

    async def _project(self) -> None:
        if await self._process.writer.run_between(
            documents.project, self.note_id, self.document.texts, self.identity
        ):
            self._process.tell_changed(self.note_id)

    async def _compact(self) -> None:
        folded = await self._process.reader.run(documents.fold, self.note_id, self.identity)
        store = self._process.writer.run_between(documents.store, self.note_id, folded, self.identity)
        self.document.rebase(await store)

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
        except NoteError as error:
            self.fail(error)
        except db.Error as error:
            logger.warning("job failed note=%s job=%s error=%r", self.note_id, job.__name__, error)
            self._later(RETRY_SECONDS, job)
        finally:
            self._running.discard(job.__name__)
