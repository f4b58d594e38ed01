"""Edits of shared documents from Django code: a view, a command, a task.

    with edit(meeting, by="Reminder") as draft:
        draft["minutes"] += "Next meeting: Monday."

The block works on a draft, so it may take its time: nobody waits for it. At its end what was done in it is appended
to the document's log as one update, within the surrounding transaction if there is one, and merged with what others
wrote meanwhile. After the commit everybody who has the document open sees it; after a rollback, nobody.

Positions count characters, as Python does: an emoji is one.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple, Self, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from pycrdt import Doc, Map, Text, TransactionEvent

from .differences import Splice
from .drafts import SharedText, Values
from .hub.doorbell import EVERYONE, group_of, ring_after_commit
from .hub.rings import Changed, Saved
from .log import crdt, store
from .log.compaction import compact
from .log.first import CLIENT_BYTES, VALUES
from .log.replica import Replica, Row
from .log.store import Batch, DocumentError
from .models import Document, SharedModel
from .names import Author, Owner, as_text
from .rooms.intake import Intake
from .wire.lib0 import ProtocolError
from .wire.messages import CloseCode, Refused
from .wire.updates import check_update, read_state_vector

T = TypeVar("T")
Changes = dict[str, tuple[Any, Any]]  # by field: what it was, or None if nobody knows, and what it is now

__all__ = ["EditError", "aedit", "edit"]


class EditError(Exception):
    """The edit has not been made: the document is full, or cannot be read at the moment. Nothing has changed."""


@contextmanager
def edit(owner: SharedModel, by: Any = "") -> "Iterator[Draft]":
    """Blocking. `by` says who edits: a name, or a user of Django's. Afterwards the owner's shared fields hold what
    the document says. An exception in the block changes nothing.

    Raises EditError, and the DoesNotExist of the owner's model."""
    draft = Draft.open(owner)
    yield draft
    draft.keep(Author.of(by))


@asynccontextmanager
async def aedit(owner: SharedModel, by: Any = "") -> "AsyncIterator[Draft]":
    """`edit` for async code."""
    draft = await _in_thread(lambda: Draft.open(owner))
    yield draft
    await _in_thread(lambda: draft.keep(Author.of(by)))  # a user may be a lazy one of Django's


@sync_to_async
def _in_thread(call: Callable[[], T]) -> T:
    """As Channels' database_sync_to_async, closes connections that are old or broken; but not within a transaction,
    which would be lost without a word."""
    _close_if_broken()
    try:
        return call()
    finally:
        _close_if_broken()


def _close_if_broken() -> None:
    if connection.autocommit:
        connection.close_if_unusable_or_obsolete()


def share(owner: SharedModel, changes: Changes, saved: Collection[str]) -> None:
    """Makes an edit of changed fields of an owner that is about to be saved. Then those of its shared fields that are
    saved hold what the document says."""
    Draft.of_changes(owner, changes).keep(Author.of(owner.edited_by), saved)


class _Read(NamedTuple):
    """A document as it was read."""

    document: Document
    rows: list[Row]


class Draft:
    """The texts of a document by their names, and its `values` by their keys, to be changed."""

    def __init__(self, owner: SharedModel, read: _Read, replica: Replica) -> None:
        self._owner, self._read = owner, read
        self._texts = {
            name: SharedText(text, owner.shared_texts[name], owner) for name, text in replica.texts.items()
        }
        self.values = Values(replica.values, tuple(owner.shared_values))
        self.end: dict[str, Any] | None = None  # behind the last character, as a relative position of Yjs, once kept

    @classmethod
    def open(cls, owner: SharedModel) -> Self:
        """Blocking. Raises EditError, or the DoesNotExist of the owner's model."""
        with _as_edit_errors():
            document = Document.objects.of(owner)
            read = _Read(document, store.read(document.pk, identity=document.identity))
            replica = _replica(owner, read.rows)
        if not replica.is_readable or not replica.is_countable:
            raise EditError(
                f"Code cannot edit {owner._meta.label} {owner.pk}: there is something in its text that it cannot "
                "count, such as an embedded object or half an emoji. Pages can."
            )
        return cls(owner, read, replica)

    @classmethod
    def of_changes(cls, owner: SharedModel, changes: Changes) -> Self:
        """A draft with changed fields of an owner. Raises as `open` does."""
        draft = cls.open(owner)
        for name, field in owner.shared_texts.items():
            if field in changes:
                before, after = changes[field]
                draft[name].change(None if before is None else as_text(before), as_text(after))
        for key, field in owner.shared_values.items():
            if field in changes:
                draft.values[key] = owner.plain_value(field)
        return draft

    def __getitem__(self, name: str) -> SharedText:
        return self._texts[name]

    def __setitem__(self, name: str, text: "str | SharedText | None") -> None:
        """Changes only what differs, so that what others write elsewhere in the text stays in its place."""
        if text is not self._texts[name]:
            self._texts[name].change(None, "" if text is None else str(text))

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def keep(self, author: Author, saved: Collection[str] = ()) -> None:
        """Appends what was changed to the log. Blocking. `saved` are the shared fields of the owner that whoever
        calls is about to save: if nothing was changed after all, as by CR LF for line ends, they still get to hold
        what the document says. Raises EditError, or Document.DoesNotExist."""
        if not (self._is_changed() or saved):
            return
        with _as_edit_errors():
            replica = _replica(self._owner, self._read.rows)
            client = _client_of(self._read.document.identity)
            update = self._encode(client) if self._is_changed() else None  # before the lock, since it takes longest
            self._append(replica, client, update, author, saved)

    def _append(
        self, replica: Replica, client: int, update: bytes | None, author: Author, saved: Collection[str]
    ) -> None:
        with transaction.atomic():
            # The lock: from here to the commit nobody else writes to this document.
            locked = document, _ = Document.objects.lock_with_owner(self._read.document)
            clock = _clock(replica.state_vector, client)
            replica.extend(since := self._rows_since(document))
            added: list[Row] = []
            if update is not None:
                if _clock(replica.state_vector, client) != clock:  # another edit by code was quicker
                    update = self._encode(None)
                fits = _accept(update, replica, document.names)
                batch = Batch(replica.seq, update, document.identity, (author,) if author.name else ())
                added = store.append({document.pk: batch})[document.pk]
                replica.extend(added)
                ring_after_commit(group_of(document.pk), Saved(document.pk))
                if replica.is_long or not fits:  # nobody else compacts what only code writes
                    transaction.on_commit(lambda: compact(document), robust=True)
            authors = store.authorship([*self._read.rows, *since, *added], document.followed)
            self._follow(locked, replica, authors, saved)

    def check(self) -> None:
        """Raises EditError if the document cannot take what was changed."""
        if self._is_changed():
            with _as_edit_errors():
                replica = _replica(self._owner, self._read.rows)
                _accept(self._encode(_client_of(self._read.document.identity)), replica, self._read.document.names)

    def _is_changed(self) -> bool:
        return bool(self.values.changed) or any(text.splices for text in self._texts.values())

    def _rows_since(self, document: Document) -> list[Row]:
        """What others wrote while the block ran."""
        known, identity = self._read.rows[-1].seq, self._read.document.identity
        store.check_identity(document.pk, identity, document.identity)
        return [] if document.seq == known else store.read(document.pk, known, identity)

    def _encode(self, client: int | None) -> bytes:
        """What was changed, as an update by this client, or by a new one."""
        doc = Doc[Any](client_id=client)
        doc.apply_update(crdt.merge([row.payload for row in self._read.rows]))
        updates: list[bytes] = []

        def note(event: TransactionEvent) -> None:
            updates.append(event.update)

        subscription = doc.observe(note)
        with doc.transaction():
            for name, text in self._texts.items():
                apply(doc.get(name, type=Text), text.splices)
            for key, value in self.values.changed.items():
                doc.get(VALUES, type=Map)[key] = value
        doc.unobserve(subscription)
        last = {"client": doc.client_id, "clock": _clock(doc.get_state(), doc.client_id) - 1}
        self.end = {"item": last, "assoc": -1}
        return crdt.merge(updates)

    def _follow(
        self, locked: store.Locked, replica: Replica, authors: dict[Author, int], saved: Collection[str]
    ) -> None:
        """Has the fields follow at once, also those of the object that was given: with what others wrote that the
        fields lacked, since no room finds that any more."""
        document, texts, values = locked[0], replica.texts, replica.values
        if not saved:
            if store.project(document, texts, replica.seq, values, authors, locked):
                ring_after_commit(EVERYONE, Changed(Owner.of(self._owner)))  # a room does so for what people write
            self._owner.adopt(texts, values)
            self._owner.remember(self._owner.shared_fields())
            return
        self._owner.adopt(texts, values, saved)
        row, now = locked[1], self._owner.__dict__
        if row is not None and not self._owner.being_saved:  # or else the row is older than what was noted of it
            store.warn_of_bypass(document, row)
        changed = sorted(field for field in saved & now.keys() if row is None or getattr(row, field) != now[field])
        self._owner.remember(saved)
        seq = replica.seq
        store.announce(document, self._owner, changed, saved, seq=seq, authors=authors, texts=texts, values=values)


def _accept(update: bytes, document: Replica, names: Collection[str]) -> bool:
    """Checks an update as a socket's is checked. Returns False if it fits in only once the document is compacted.
    Raises ProtocolError or Refused."""
    try:
        _receive(update, document)
    except Refused as refused:
        if refused.code != CloseCode.TOO_LARGE:
            raise
        merged = document.missing(crdt.EMPTY_STATE_VECTOR)
        document.rebase(Row(0, document.seq, crdt.squash(merged, names)))
        _receive(update, document)
        return False
    return True


def _receive(update: bytes, document: Replica) -> None:
    intake = Intake[None](document, on_full=lambda: None)
    intake.count_clocks()
    intake.receive(update, check_update(update))


def apply(shared: Text, splices: list[Splice]) -> None:
    """Makes changes, whose positions count characters, in a text of pycrdt's, which counts bytes of UTF-8."""
    text = str(shared)
    for start, end, new in splices:
        at = len(text[:start].encode())
        if end > start:
            del shared[at : at + len(text[start:end].encode())]
        if new:
            shared.insert(at, new)
        text = text[:start] + new + text[end:]


@contextmanager
def _as_edit_errors() -> Iterator[None]:
    try:
        yield
    except (DocumentError, ProtocolError, Refused) as error:
        raise EditError(f"The edit was not made: {error}") from error


def _replica(owner: SharedModel, rows: list[Row]) -> Replica:
    """Counts the first row as the snapshot, as a room does that has compacted."""
    replica = Replica(tuple(owner.shared_texts), rows, tuple(owner.shared_values))
    replica.rebase(rows[0])
    return replica


def _client_of(identity: str) -> int:
    """The client number of edits by code. They are one client to a document's pages, since each client makes the
    document larger for ever. Only an edit that another one has overtaken gets a client of its own."""
    return int.from_bytes(hashlib.sha256(f"edit {identity}".encode()).digest()[:CLIENT_BYTES]) or 1


def _clock(state_vector: bytes, client: int) -> int:
    return read_state_vector(state_vector).get(client, 0)
