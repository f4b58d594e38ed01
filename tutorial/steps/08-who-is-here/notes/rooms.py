"""Rooms: each is one open note in this process, with everyone on it who is connected here.

A room keeps what comes in until the writer has saved it, and only then sends it to its connections, merged and
encoded once. It learns what other processes saved when they ring the doorbell.

Invariant: nothing is sent that the database does not hold, and `document.seq` is the number up to which everything
has been sent to every connection.
"""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from . import documents, protocol
from .documents import Batch, Document, Row
from .doorbell import group_of
from .presence import Presence
from .protocol import EMPTY_UPDATE, Awareness, AwarenessEntry, Message, SyncStatus

if TYPE_CHECKING:
    from .process import Process

PROJECT_AFTER_SECONDS = 1.0


class Connection(Protocol):
    """One socket, as its room sees it. Never waits."""

    def __hash__(self) -> int: ...
    def deliver(self, frame: bytes) -> None: ...


class Room:
    def __init__(self, note_id: int, process: "Process") -> None:
        self.note_id = note_id
        self.group = group_of(note_id)
        self.connections: set[Connection] = set()
        self.presence = Presence()
        self.document = Document()
        self._process = process
        self._waiting: list[bytes] = []
        self._saving: list[bytes] = []
        self._questions: list[tuple[Connection, SyncStatus]] = []
        self._is_projecting = False

    async def open(self) -> None:
        """Raises Note.DoesNotExist."""
        self.document.extend(await self._process.reader.run(documents.read, self.note_id))
        self._process.doorbell.join(self.group)  # which looks again for what was said until it hears

    # A connection's life

    def add(self, connection: Connection) -> None:
        self.connections.add(connection)
        connection.deliver(protocol.encode(protocol.SyncStep1(self.document.state_vector)))
        if everyone := self.presence.everyone():
            connection.deliver(protocol.encode(Awareness(everyone)))

    def receive(self, connection: Connection, message: Message) -> None:
        match message:
            case protocol.SyncStep1(state_vector):
                missing = self.document.missing(state_vector)
                connection.deliver(protocol.encode(protocol.SyncStep2(missing)))
            case protocol.SyncStep2(update) | protocol.SyncUpdate(update):
                if update != EMPTY_UPDATE:
                    self._waiting.append(update)
                    self._process.writer.submit(self)
            case SyncStatus():
                self._questions.append((connection, message))
                self._process.writer.submit(self)
            case Awareness(entries):
                own = self.presence.own(connection, entries)
                self._tell_presence(self.presence.update(connection, own), is_ours=True)
            case protocol.QueryAwareness():
                connection.deliver(protocol.encode(Awareness(self.presence.everyone())))

    def remove(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._tell_presence(self.presence.leave(connection), is_ours=True)

    # One keystroke: received, saved, sent

    def take(self) -> Batch | None:
        """Hands what waits to the writer, which answers with one of the next three."""
        self._saving, self._waiting = self._waiting, []
        self._asked, self._questions = self._questions, []
        return Batch(self.document.seq, documents.merge(self._saving)) if self._saving else None

    def put_back(self) -> None:
        self._waiting = self._saving + self._waiting
        self._questions = self._asked + self._questions

    def committed(self, rows: list[Row]) -> None:
        if rows:
            self._advance(rows)
            self._process.doorbell.ring(self.group, {"type": "ring", "note": self.note_id})
        for connection, question in self._asked:
            connection.deliver(protocol.encode(question))

    def vanished(self) -> None:
        """The note has been deleted, and with it what was written in it."""

    async def look(self) -> None:
        """Reads what the log holds beyond `document.seq`: another process has rung."""
        self._advance(await self._process.reader.run(documents.read, self.note_id, self.document.seq))

    def _advance(self, rows: Iterable[Row]) -> None:
        news = self.document.extend(rows)
        if news:
            self._send(protocol.SyncUpdate(documents.merge(news)))
            self._process.start(self._project())

    def _send(self, message: Message) -> None:
        frame = protocol.encode(message)
        for connection in list(self.connections):  # a copy: one that dies leaves the set meanwhile
            connection.deliver(frame)

    async def _project(self) -> Any:
        """Soon, and once for all that is written until then."""
        if not self._is_projecting:
            self._is_projecting = True
            await asyncio.sleep(PROJECT_AFTER_SECONDS)
            self._is_projecting = False
            await self._process.writer.run_between(documents.project, self.note_id, *self.document.texts)
            self._process.tell_changed(self.note_id)

    # Presence

    def hear_presence(self, process: str, entries: Iterable[AwarenessEntry]) -> None:
        """Takes in what another process tells of its people."""
        self._tell_presence(self.presence.update(process, entries), is_ours=False)

    def announce_presence(self) -> None:
        """Tells the other processes who is connected here."""
        for entry in self.presence.owned_by(self.connections):
            self._ring_presence(entry)

    def _tell_presence(self, news: tuple[AwarenessEntry, ...], *, is_ours: bool) -> None:
        if not news:
            return
        self._send(Awareness(news))
        if is_ours:
            for entry in news:
                self._ring_presence(entry)
            self._process.tell_people(self.note_id, self.presence.people(self.connections))

    def _ring_presence(self, entry: AwarenessEntry) -> None:
        fields = [entry.client_id, entry.clock, entry.state]
        message = {"type": "presence", "note": self.note_id, "entry": fields}
        self._process.doorbell.ring(self.group, message, entry.client_id)
