"""The updates and questions that come in from a room's connections: checked, then kept until they are saved.

Updates wait for the writer, and questions whether all is saved wait behind them. A connection whose update depends on
something missing is asked for that, and until it answers its questions wait as well.

Invariant: every waiting update can be saved. The CRDT library accepts it, it depends only on what is there or waits
before it, it brings nothing that is there already, and there is room for it.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from channels_yjs.conf import setting
from channels_yjs.log import crdt
from channels_yjs.log.replica import Replica
from channels_yjs.names import Author
from channels_yjs.wire.messages import CloseCode, Refused, SyncStatus
from channels_yjs.wire.updates import EMPTY_UPDATE, Shape, check_update, covers, deleted_ranges, read_state_vector

from .causality import advance, overlaps

MAX_CLIENTS_OF_DOCUMENT = 40_000  # a chain of twice as many overflows the library's stack, and kills the process

Asker = TypeVar("Asker", bound=Hashable)


@dataclass(slots=True)
class Inbox(Generic[Asker]):
    """Updates that are not saved yet, and the connections that asked to be told when they are."""

    updates: list[bytes] = field(default_factory=list)
    questions: list[tuple[Asker, SyncStatus]] = field(default_factory=list)
    authors: dict[Author | str, None] = field(default_factory=dict)  # in order; of some only the name is known
    size: int = 0  # bytes of updates

    def __bool__(self) -> bool:
        return bool(self.updates or self.questions)

    def add(self, update: bytes, author: Author | str | None) -> None:
        self.updates.append(update)
        if author is not None:
            self.authors[author] = None
        self.size += len(update)

    def followed_by(self, later: "Inbox[Asker]") -> "Inbox[Asker]":
        updates, questions = self.updates + later.updates, self.questions + later.questions
        return Inbox(updates, questions, self.authors | later.authors, self.size + later.size)


class Intake(Generic[Asker]):
    """Calls `on_full` when there is no room for an update: deleted text may still count, until it is compacted."""

    def __init__(self, document: Replica, on_full: Callable[[], None]) -> None:
        self.waiting: Inbox[Asker] = Inbox()
        self.clocks: dict[int, int] = {}  # by client: all that is committed or waiting
        self._document, self._on_full = document, on_full
        self._saving: Inbox[Asker] = Inbox()
        # Connections that were asked for missing updates, with the questions that wait for the answer.
        self._lacking: dict[Asker, list[SyncStatus]] = {}

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self.waiting or self._saving)

    def count_clocks(self) -> None:
        """Takes over the document's clocks, after others have written to it."""
        for client, clock in read_state_vector(self._document.state_vector).items():
            self.clocks[client] = max(clock, self.clocks.get(client, 0))

    def is_news(self, update: bytes, shape: Shape) -> bool:
        """Whether an update holds anything that is neither saved nor waiting to be. Raises ProtocolError."""
        if update == EMPTY_UPDATE:
            return False
        crdt.check_acceptable(update)
        if any(end > self.clocks.get(client, 0) for client, (_, end) in shape.spans.items()):
            return True
        wanted = deleted_ranges(update) if shape.deletes else {}
        if covers(self._document.deleted, wanted):
            return False
        unsaved = [self._document.deletions, *self._saving.updates, *self.waiting.updates]
        return not covers(deleted_ranges(crdt.merge(unsaved)), wanted)

    def receive(self, update: bytes, shape: Shape, author: Author | str | None = None) -> None:
        """Raises ProtocolError, MissingUpdates if the update depends on something that is not there, or Refused if
        there is no room for it."""
        if update == EMPTY_UPDATE:
            return
        crdt.check_acceptable(update)
        reached = advance(self.clocks, shape)
        if overlaps(self.clocks, shape):
            update = crdt.new_in(update, {client: self.clocks.get(client, 0) for client in reached})
            # Check again: cutting inside an emoji leaves an empty string, which is no valid item.
            shape = check_update(update)
            reached = advance(self.clocks, shape)
            if update == EMPTY_UPDATE:
                return
        if not shape.is_usual or len(reached) > 1:
            unsaved = self._saving.updates + self.waiting.updates
            crdt.check_applies(update, self._document.missing(crdt.EMPTY_STATE_VECTOR), unsaved)
        self._check_room_for(update, shape, reached)
        self.clocks.update(reached)
        self.waiting.add(update, author)

    def _check_room_for(self, update: bytes, shape: Shape, reached: Mapping[int, int]) -> None:
        new = sum(client not in self.clocks for client in reached)
        if len(self.clocks) + new > MAX_CLIENTS_OF_DOCUMENT:
            raise Refused(
                CloseCode.TOO_LARGE, f"This document has reached its limit of {MAX_CLIENTS_OF_DOCUMENT} clients."
            )
        unsaved = self.waiting.size + self._saving.size
        if self._document.size + unsaved + len(update) > setting("MAX_DOCUMENT_BYTES") and not shape.only_deletes():
            self._on_full()
            raise Refused(CloseCode.TOO_LARGE, "This document is full. Delete some of its text first.")
        if unsaved + len(update) > setting("MAX_UNSAVED_BYTES"):
            raise Refused(CloseCode.TRY_AGAIN, "The database cannot keep up; send this again later.")

    # Questions

    def ask(self, asker: Asker, question: SyncStatus) -> bool:
        """Keeps a question until everything before it is saved. Returns False if that is so already."""
        if asker in self._lacking:
            self._lacking[asker] = [question]  # of several, the newest is enough
        elif self:
            self.waiting.questions.append((asker, question))
        else:
            return False
        return True

    def lack(self, asker: Asker) -> bool:
        """Notes that an update is missing which this connection may have. Returns whether that is new."""
        is_new = asker not in self._lacking
        self._lacking.setdefault(asker, [])
        return is_new

    def lacks(self, asker: Asker) -> bool:
        """Whether this connection was asked for missing updates, and has not answered."""
        return asker in self._lacking

    def has_answered(self, asker: Asker) -> list[SyncStatus]:
        """Notes that nothing is missing from this connection any more. Returns the questions that waited for it."""
        return self._lacking.pop(asker, [])

    # The writer

    def take(self) -> bytes | None:
        """Returns all waiting updates as one. They are being saved from now on."""
        self._saving, self.waiting = self.waiting, Inbox()
        return crdt.merge(self._saving.updates) if self._saving.updates else None

    @property
    def saving_authors(self) -> tuple[Author, ...]:
        return tuple(map(Author.of, self._saving.authors))

    def put_back(self) -> None:
        self.waiting, self._saving = self._saving.followed_by(self.waiting), Inbox()

    def saved(self) -> list[tuple[Asker, SyncStatus]]:
        """The updates that were taken are in the database. Returns the questions that waited for that."""
        saved, self._saving = self._saving, Inbox()
        return saved.questions
