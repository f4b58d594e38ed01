"""Rooms: each is one open document in this process, with everyone who is connected to it here.

A room checks each update, has the writer save it, and after the commit sends it to its connections, merged and
encoded once. It learns what other processes saved when they ring the doorbell, or at the latest by looking at the log
every few seconds: the doorbell may fail, the log does not.

Invariant: nothing is sent that the database does not hold, and everything up to number `replica.seq` has been sent to
every connection.
"""

import logging
from asyncio import Semaphore, get_running_loop
from collections.abc import Callable, Coroutine, Hashable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from django import db

from channels_yjs.log import compaction, crdt, store
from channels_yjs.log.replica import Replica, Row
from channels_yjs.log.store import Batch, DocumentError
from channels_yjs.models import Document, SharedModel
from channels_yjs.names import Author, Owner
from channels_yjs.wire import messages
from channels_yjs.wire.lib0 import ProtocolError
from channels_yjs.wire.messages import (
    LEFT,
    Access,
    Awareness,
    AwarenessEntry,
    CloseCode,
    Message,
    Refused,
    SyncStatus,
)
from channels_yjs.wire.updates import Shape, check_update

from .causality import MissingUpdates
from .intake import Intake
from .jobs import Job, Jobs
from .news import News, Told
from .person import GUEST, READS, Person, signed
from .presence import Presence
from .rights import Right

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

PROJECT_AFTER_SECONDS = 1.0
RETRY_SECONDS = 1.0
NOBODY_HERE = messages.encode(Awareness(()))
SILENT_SECONDS = 3.0  # a client that sends nothing hears after this who is here
RIVAL_ANSWER_SECONDS = 2.0  # how long a challenged connection may take to answer; a live one needs about 0.2 s
# When the rights of a thousand connections are asked for at once, the first answers come soon, and not all too late.
QUESTIONS_AT_A_TIME = 16
IDLE_SECONDS = 10.0  # a room stays open this long after the last connection left: most often somebody reloads


class Connection(Protocol):
    """The part of a socket that its room knows. Neither method waits or raises."""

    author: Author | None  # the account, if there is one
    shown_name: str | None  # the name that others see; None if it may call itself what it likes
    is_guest: bool  # it calls itself what it likes, where others have accounts
    access: Access  # what it may do when it joins
    is_told_access: bool  # its page asked to be told what it may do

    def __hash__(self) -> int: ...
    def deliver(self, frame: bytes) -> None: ...
    def shut(self, code: int, reason: str) -> None: ...


class Host(Protocol):
    """The part of its process that a room knows."""

    def start(self, job: Coroutine[Any, Any, None], /) -> None: ...
    async def read(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def write(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    def turn(self) -> AbstractAsyncContextManager[None]: ...
    def submit(self, room: "Room", /) -> None: ...
    def close_room(self, room: "Room", /) -> None: ...

    # News for others
    def ring_saved(self, room: "Room", /) -> None: ...
    def ring_presence(self, room: "Room", entry: AwarenessEntry, /) -> None: ...
    def ring_people(self, room: "Room", people: list[Person], /) -> None: ...
    def ring_changed(self, room: "Room", /) -> None: ...


class Room:
    def __init__(self, document: Document, owner: SharedModel, host: Host) -> None:
        self.id, self.identity = document.pk, document.identity
        self._document = document
        self.owner, self.names = Owner.of(owner), tuple(owner.shared_texts)
        self.connections: set[Connection] = set()
        self.presence = Presence()
        self.replica = Replica(self.names, keys=tuple(owner.shared_values))
        self._host = host
        self._jobs = Jobs(host.start, self._attempt)
        self._intake: Intake[Connection] = Intake(self.replica, on_full=lambda: self._jobs.start(self._compact))
        self._news = News(self._send_news)
        self._is_behind = False
        self._followed = document.followed  # up to which number the fields have followed, as far as this room knows
        self._authors: dict[Author, int] = {}  # of what the fields may lack
        self._challengers: set[Connection] = set()
        self._rights: dict[Connection, Right] = {}
        self.turns = Semaphore(QUESTIONS_AT_A_TIME)
        self._untold: set[Connection] = set()  # who have not heard yet who is here
        self._suspects: set[Connection] = set()  # readers with an update that is held

    @classmethod
    async def open(cls, document: Document, owner: SharedModel, host: Host) -> Self:
        """Raises Document.DoesNotExist, DocumentError, or a database error."""
        room = cls(document, owner, host)
        rows = await room._read_on()
        room.replica.extend(rows)
        room._authors = store.authorship(rows, room._followed)
        room._intake.count_clocks()
        if not room._has_followed:  # whoever made the last change died before it did this
            room._jobs.soon(PROJECT_AFTER_SECONDS, room._project)
        room._jobs.later(IDLE_SECONDS, room._fall_idle)  # in case that nobody enters
        return room

    def close(self) -> None:
        self._jobs.close()
        self._news.close()

    # A connection's life

    def add(self, connection: Connection) -> None:
        self._jobs.cancel(self._fall_idle)
        self.connections.add(connection)
        right = self._rights[connection] = Right(connection.access, connection.is_told_access)
        self._ask_for_all(connection)
        if right.is_told:
            connection.deliver(messages.encode(right.tell()))
        self._untold.add(connection)
        get_running_loop().call_later(SILENT_SECONDS, self._send_presence_late, connection)

    def receive(self, connection: Connection, message: Message) -> None:
        """Raises ProtocolError if the message carries an update that the CRDT library refuses."""
        self.presence.alive(connection)
        try:
            if connection in self._untold and not isinstance(message, messages.SyncStep1):
                self._receive_first(connection, message)
            else:
                self._receive(connection, message)
        except Refused as refused:
            connection.shut(refused.code, refused.reason)

    def _receive_first(self, connection: Connection, message: Message) -> None:
        """Clients begin with their own state, or with an answer to the sync step 1 of `add` if they have none. Who is
        here is told after that: an older state of its own would take the place of the one that it is sending."""
        self._untold.discard(connection)
        if isinstance(message, Awareness):
            self._receive_presence(connection, message.entries, is_untold=True)
        else:
            self._receive(connection, message)
        self._send_presence(connection)

    def _send_presence_late(self, connection: Connection) -> None:
        if connection in self._untold:
            self._untold.discard(connection)
            self._send_presence(connection)

    def _send_presence(self, connection: Connection) -> None:
        for frame in messages.encode_presence(self.presence.others(connection)):
            connection.deliver(frame)

    def _receive(self, connection: Connection, message: Message) -> None:
        match message:
            case messages.SyncStep1(state_vector):
                missing = self.replica.missing(state_vector)
                connection.deliver(messages.encode(messages.SyncStep2(missing)))
            case messages.SyncStep2(update, shape) | messages.SyncUpdate(update, shape) if self._reads(connection):
                self._receive_from_reader(connection, update, shape or check_update(update))
            case messages.SyncStep2(update, shape):
                self._receive_answer(connection, update, shape)
            case messages.SyncUpdate(update, shape):
                try:
                    self._receive_update(connection, update, shape)
                except MissingUpdates:
                    self._ask_for_more(connection)
            case SyncStatus():
                self._receive_question(connection, message)
            case Awareness(entries):
                self._receive_presence(connection, entries)
            case messages.QueryAwareness():
                for frame in messages.encode_presence(self.presence.everyone()) or [NOBODY_HERE]:
                    connection.deliver(frame)
            case messages.AccessStatus():
                self._rights[connection].answered()
                self._settle(connection)

    def remove(self, connection: Connection) -> None:
        if connection not in self.connections:
            return
        self.connections.discard(connection)
        self._suspects.discard(connection)
        self._untold.discard(connection)
        self._rights.pop(connection, None)
        self._intake.has_answered(connection)
        self._news.add(self.presence.leave(connection), is_ours=True)
        if not self.connections:
            self._jobs.later(IDLE_SECONDS, self._fall_idle)

    # One keystroke: received, saved, sent

    def _receive_update(self, connection: Connection, update: bytes, shape: Shape | None) -> None:
        author = connection.author or self.presence.name_of(connection)
        self._intake.receive(update, shape or check_update(update), author)
        if self._intake.waiting:
            self._host.submit(self)

    def _ask_for_more(self, connection: Connection) -> None:
        """A person who types while connecting is ahead of their own answer to the sync step 1 of `add`."""
        if self._intake.lack(connection):
            self._ask_for_all(connection)

    def _ask_for_all(self, connection: Connection) -> None:
        connection.deliver(messages.encode(messages.SyncStep1(self.replica.state_vector)))

    def _receive_answer(self, connection: Connection, update: bytes, shape: Shape | None) -> None:
        shape = shape or check_update(update)
        try:
            # An answer names all deletions, also if it brings nothing.
            if not shape.only_deletes() or self._intake.is_news(update, shape):
                self._receive_update(connection, update, shape)
        except MissingUpdates:
            raise ProtocolError("A SyncStep2 depends on updates that nobody has sent.") from None
        for question in self._intake.has_answered(connection):
            self._receive_question(connection, question)

    def _receive_question(self, connection: Connection, question: SyncStatus) -> None:
        if not self._intake.ask(connection, question):
            connection.deliver(messages.encode(question))
        elif self._intake.waiting:
            self._host.submit(self)

    def take(self) -> Batch | None:
        """Hands the waiting updates to the writer, which then calls one of the next four methods."""
        update = self._intake.take()
        return Batch(self.replica.seq, update, self.identity, self._intake.saving_authors) if update else None

    def put_back(self) -> None:
        self._intake.put_back()

    def committed(self, rows: list[Row]) -> None:
        asked = self._intake.saved()
        if rows:
            self._advance(rows)
            if len(rows) > 1:  # some are from other processes; ours were counted as they came
                self._intake.count_clocks()
            self._host.ring_saved(self)
        for connection, question in asked:
            connection.deliver(messages.encode(question))

    def vanished(self) -> None:
        """The document has been deleted."""
        self._end(CloseCode.NO_SUCH_DOCUMENT, "This document has been deleted.")

    def fail(self, error: DocumentError) -> None:
        """The database lacks what this room has already seen. People's unsaved text is still in their pages."""
        self._end(error.code, error.reason)

    def _end(self, code: int, reason: str) -> None:
        for connection in list(self.connections):
            connection.shut(code, reason)
        self._host.close_room(self)

    def look(self) -> None:
        """Reads the log's rows after `replica.seq`: a ring says that there are some."""
        self._is_behind = True
        self._jobs.start(self._catch_up)

    async def _catch_up(self) -> None:
        while self._is_behind:
            self._is_behind = False
            try:
                rows = await self._read_on()
            except Exception:
                self._is_behind = True  # nobody is judged by a log that was not read
                raise
            self._advance(rows)
            self._intake.count_clocks()
        self._judge()

    async def _read_on(self) -> list[Row]:
        return await self._host.read(store.read, self.id, self.replica.seq, self.identity)

    def _advance(self, rows: list[Row]) -> None:
        news = self.replica.extend(rows)
        if news:
            self._authors |= store.authorship(rows)
            self._send(messages.encode(messages.SyncUpdate(crdt.merge(news))), self.connections)
            self._jobs.soon(PROJECT_AFTER_SECONDS, self._project)
        if self.replica.is_long:
            self._jobs.start(self._compact)

    def _send(self, frame: bytes, connections: Iterable[Connection]) -> None:
        for connection in list(connections):  # a copy: one that dies leaves the set meanwhile
            connection.deliver(frame)

    # Readers

    def change_access(self, connection: Connection, access: Access) -> None:
        """The connection may do something else from now on."""
        right = self._rights.get(connection)
        if right is None or right.access is access:
            return
        right.has_lost = right.has_lost or self._intake.lacks(connection)  # the answer comes too late
        must_ask = right.change(access)
        if right.is_told:
            connection.deliver(messages.encode(right.tell()))
        if must_ask:
            self._suspects.discard(connection)
            self._ask_for_all(connection)
        self.sign(connection)

    def sign(self, connection: Connection) -> None:
        """Shows others its name, and whether it may only read, as they are now."""
        self._news.add(self.presence.sign(connection, partial(self._signed, connection)), is_ours=True)

    def _reads(self, connection: Connection) -> bool:
        return self._rights[connection].access is Access.READ

    def _receive_from_reader(self, connection: Connection, update: bytes, shape: Shape) -> None:
        if not self._intake.is_news(update, shape):
            self._settle(connection)
        else:
            self._rights[connection].hold(update, shape)
            self._suspects.add(connection)
            self._intake.lack(connection)  # so that nobody tells it that this is saved
            self.look()

    def _judge(self) -> None:
        """The log has been read to its end: an update that still brings something does not come from it."""
        suspects, self._suspects = self._suspects, set()
        for connection in suspects:
            right = self._rights.get(connection)
            if right is None:
                continue  # it has left; perhaps just now, since telling others may find that it is deaf
            if right.judge(self._intake.is_news):
                self._settle(connection)
            else:
                connection.shut(CloseCode.NOT_ALLOWED, "You may read this, but not write.")

    def _settle(self, connection: Connection) -> None:
        """Tells a connection what is known about all that it sent."""
        right = self._rights[connection]
        if loss := right.tell_loss():
            connection.deliver(messages.encode(loss))
        if connection in self._rights and self._reads(connection) and not right.is_in_doubt:  # it may have been shut
            for question in self._intake.has_answered(connection):
                self._receive_question(connection, question)

    def _signed(self, connection: Connection, state: str) -> str:
        marks = {mark for mark, is_so in ((READS, self._reads(connection)), (GUEST, connection.is_guest)) if is_so}
        return signed(state, connection.shown_name, marks)

    # Presence

    def _receive_presence(
        self, connection: Connection, entries: Iterable[AwarenessEntry], *, is_untold: bool = False
    ) -> None:
        own = [
            replace(entry, state=self._signed(connection, entry.state))
            for entry in self.presence.own(connection, entries, is_untold=is_untold)
        ]
        news = self.presence.update(connection, own)
        self._news.add(news, is_ours=True)
        for entry in own:
            if entry not in news and (farewell := self.presence.farewell(entry.client_id)):
                connection.deliver(messages.encode(Awareness((farewell,))))
        if rival := self.presence.rival(connection):
            self._challenge(connection, rival)

    def _challenge(self, challenger: Connection, rival: Hashable) -> None:
        """Asks the rival something that every client answers: sync step 1."""
        if challenger in self._challengers:
            return
        self._challengers.add(challenger)
        get_running_loop().call_later(RIVAL_ANSWER_SECONDS, self._decide, challenger)
        for connection in self.connections.intersection({rival}):
            self._ask_for_all(connection)

    def _decide(self, challenger: Connection) -> None:
        self._challengers.discard(challenger)
        self._news.add(self.presence.decide(challenger), is_ours=True)

    def on_presence(self, process: str, entries: Iterable[AwarenessEntry]) -> None:
        """Takes in news from another process about its people."""
        self._news.add(self.presence.update(process, entries), is_ours=False)

    def forget_process(self, process: str) -> None:
        self._news.add(self.presence.leave(process), is_ours=False)

    def ring_everyone_here(self) -> None:
        """Tells the other processes who is connected here."""
        for entry in self.presence.owned_by(self.connections):
            self._host.ring_presence(self, entry)

    def renew_presence(self) -> None:
        """Sends everyone the states of the silent clients here again, or they would be taken for gone, as those of
        other processes are."""
        self._news.add(self.presence.renew(self.connections), is_ours=True)
        self._news.add(self.presence.forget_stale(self.connections), is_ours=False)

    def _send_news(self, news: list[Told]) -> None:
        for told in news:
            self._move_clock_on(told.entry)
        for frame in messages.encode_presence(told.entry for told in news):
            self._send(frame, self.connections - self._untold)
        ours = [told.entry for told in news if told.is_ours]
        for entry in ours:
            self._host.ring_presence(self, entry)
        if ours:
            self._host.ring_people(self, self.presence.people(self.connections))

    def _move_clock_on(self, entry: AwarenessEntry) -> None:
        """Tells a client that lags behind first that it has left. It answers with its current state and a newer
        clock. If it received the same as everyone first, it would take an older state of its own for the newest."""
        for connection in self.connections.intersection({self.presence.lagging(entry.client_id)}):
            connection.deliver(messages.encode(Awareness((replace(entry, state=LEFT),))))

    # Housekeeping

    # Both use the writer's thread: on SQLite, two writing threads block each other, sometimes for seconds.

    async def _project(self) -> None:
        async with self._host.turn():
            await self._project_now()
        if not self._has_followed:  # something has come in meanwhile
            self._jobs.soon(PROJECT_AFTER_SECONDS, self._project)

    async def follow(self) -> None:
        """Has the fields follow now, if they have not. Its errors are in the log."""
        await self._attempt(self._project_now)

    @property
    def _has_followed(self) -> bool:
        return self._followed >= self.replica.seq

    async def _project_now(self) -> None:
        if self._has_followed:
            return
        replica, authors, seq = self.replica, self._authors, self.replica.seq
        self._authors = {}
        contents = (replica.texts, seq, replica.values, authors)
        try:
            has_changed = await self._host.write(store.project, self._document, *contents)
        except BaseException:
            self._authors = authors | self._authors  # to be named when it is tried again
            raise
        self._followed = max(self._followed, seq)
        if has_changed:
            self._host.ring_changed(self)

    async def _compact(self) -> None:
        folded = await self._host.read(compaction.fold, self.id, self.identity, self._document.names)
        self.replica.rebase(await self._host.write(compaction.keep, self.id, folded, self.identity))

    async def _fall_idle(self) -> None:
        if self._is_empty():
            await self._project_now()
            await self._compact()
        if self._is_empty() and self._has_followed:
            self._host.close_room(self)
        elif not self.connections:  # something came in meanwhile, or has not been saved
            self._jobs.later(IDLE_SECONDS, self._fall_idle)

    def _is_empty(self) -> bool:
        return not (self.connections or self._intake)

    async def _attempt(self, job: Job) -> None:
        try:
            await job()
        except Document.DoesNotExist:
            self.vanished()
        except DocumentError as error:
            self.fail(error)
        except Exception as error:
            if isinstance(error, db.Error) and not isinstance(error, db.IntegrityError | db.DataError):
                logger.warning("job failed owner=%s job=%s error=%r", "/".join(self.owner), job.__name__, error)
                self._jobs.later(RETRY_SECONDS, job)
                return
            # In code of the project, its save() or a receiver of its signal, or the row is not one for the database.
            logger.exception("job failed owner=%s job=%s", "/".join(self.owner), job.__name__)
            if job not in (self._project, self._project_now):  # the fields stay as they are until the next change
                self._end(CloseCode.TRY_AGAIN, "The server failed; its log says why.")
