"""The update logs of documents in the database. The truth about a document is its log.

The functions that touch the database block: call them in a thread. Invariant: code that reads rows and a snapshot
reads the rows first. A compaction between the two can then only make the snapshot hold more than was asked for, never
leave a gap.

A log with a gap is never read as if it were whole, and so never folded: that would lose what the gap held.
"""

import json
import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from channels_yjs.models import Document, SharedModel, Snapshot, Update
from channels_yjs.names import Author, Owner
from channels_yjs.signals import document_changed
from channels_yjs.wire.messages import CloseCode

from .replica import Row

logger = logging.getLogger(__name__)

# Raw SQL: for each keystroke, the ORM would take longer to build these statements than the database to run them.
LOCK_DOCUMENTS = "SELECT id, identity, seq FROM channels_yjs_document WHERE id IN ({ids}) ORDER BY id {for_update}"
ADD_UPDATE = (
    "INSERT INTO channels_yjs_update (document_id, seq, payload, authors, created_at) VALUES (%s, %s, %s, %s, %s)"
)
COUNT_UPDATE = "UPDATE channels_yjs_document SET seq = seq + 1 WHERE id IN ({ids})"
READ_ON = (
    "SELECT d.identity, d.seq, u.seq, u.payload, u.authors FROM channels_yjs_document d "
    "LEFT JOIN channels_yjs_update u ON u.document_id = d.id AND u.seq > %s WHERE d.id = %s ORDER BY u.seq"
)


Locked = tuple[Document, SharedModel | None]  # the document and its owner's row, in this transaction


class DocumentError(Exception):
    """The database lacks what a page or a room has already seen. Nothing has been written."""

    code: ClassVar[CloseCode]
    reason: ClassVar[str]  # shown to people; the message goes to the log

    def __init__(self, document_id: int, message: str) -> None:
        super().__init__(message)
        self.document_id = document_id


class AnotherDocumentError(DocumentError):
    code = CloseCode.ANOTHER_DOCUMENT
    reason = "There is a different document at this address now."

    def __init__(self, document_id: int) -> None:
        super().__init__(document_id, f"Number {document_id} now belongs to another document.")


class GapError(DocumentError):
    """Rows of a log are missing. Pages keep their text and retry until somebody has restored the rows."""

    code = CloseCode.TRY_AGAIN
    reason = "This document cannot be read at the moment."

    def __init__(self, document_id: int, message: str) -> None:
        super().__init__(document_id, f"The log of document {document_id} is incomplete: {message}")
        logger.error(self)


class Batch(NamedTuple):
    """An update to save, the newest number that its room knows, and its document's identity."""

    known: int
    payload: bytes
    identity: str = ""  # here and below, an empty identity matches any
    authors: tuple[Author, ...] = ()

    def row(self, seq: int) -> Row:
        """This batch, saved as a number."""
        return Row(seq - 1, seq, self.payload, self.authors)


def read(document_id: int, after: int = 0, identity: str = "") -> list[Row]:
    """The log of a document after a number, oldest first. Starts with the snapshot if that goes further: rows up to
    it add nothing, and may even belong to another log, if a dump was loaded into a used database.

    Raises GapError if anything is missing; Document.DoesNotExist, so that an empty log is not a missing one; and
    AnotherDocumentError if a document of another identity has the number.
    """
    if after and (next_rows := _read_on(document_id, after, identity)) is not None:
        return next_rows
    newest = _newest(document_id, identity)  # read first: all rows up to it are committed, so all must be there
    updates = Update.objects.filter(document_id=document_id, seq__gt=after).order_by("seq")
    rows = [
        Row(seq - 1, seq, bytes(payload), authors_of(authors))
        for seq, payload, authors in updates.values_list("seq", "payload", "authors")
    ]
    if snapshot := Snapshot.objects.filter(document_id=document_id, seq__gt=after).first():
        rows = [Row(0, snapshot.seq, bytes(snapshot.state)), *(row for row in rows if row.seq > snapshot.seq)]
    end = rows[-1].seq if rows else after
    reached = after
    for row in rows:
        reached = row.seq if row.after <= reached else reached  # stops before a gap
    if not reached == end == newest:  # there is a gap, or somebody wrote or deleted meanwhile
        latest = _newest(document_id, identity)
        if reached < end or not newest <= end <= latest:
            raise GapError(document_id, f"it goes up to {reached} without a gap, but its newest number is {latest}.")
    return rows


def _read_on(document_id: int, after: int, identity: str) -> list[Row] | None:
    """The rows after a number, if none is missing; usually none is, when a ring has made a room look."""
    with connection.cursor() as cursor:
        cursor.execute(READ_ON, [after, document_id])
        found = cursor.fetchall()
    if not found:
        return None
    found_identity, newest, *_ = found[0]
    check_identity(document_id, identity, found_identity)
    rows = [
        Row(seq - 1, seq, bytes(payload), authors_of(json.loads(authors or "null")))
        for _, _, seq, payload, authors in found
        if seq is not None
    ]
    is_whole = newest >= after and [row.seq for row in rows] == list(range(after + 1, newest + 1))
    return rows if is_whole else None


def authors_of(stored: list[list[str]] | None) -> tuple[Author, ...]:
    return tuple(Author(*author) for author in stored or ())


def authorship(rows: Iterable[Row], after: int = 0) -> dict[Author, int]:
    """Who wrote the rows after a number, in order, and the number of the last one of each."""
    return {author: row.seq for row in rows if row.seq > after for author in row.authors}


def _newest(document_id: int, identity: str) -> int:
    """The newest number of a document. Raises Document.DoesNotExist or AnotherDocumentError."""
    found, seq = Document.objects.values_list("identity", "seq").get(pk=document_id)
    check_identity(document_id, identity, found)
    return seq


def check_identity(document_id: int, wanted: str, found: str) -> None:
    if wanted not in ("", found):
        raise AnotherDocumentError(document_id)


def append(batches: Mapping[int, Batch]) -> dict[int, list[Row]]:
    """Saves one batch a document, all in one transaction. Returns for each document the rows after the number that
    its room knew, the new one last. A document that is not in the result no longer exists.

    Raises DocumentError if the database lacks what a room has already seen. Then it saves nothing, and a transaction
    around it cannot go on.
    """
    ids = ", ".join(["%s"] * len(batches))
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(LOCK_DOCUMENTS.format(ids=ids, for_update=for_update()), [*batches])
        numbers: dict[int, int] = {}
        for pk, identity, numbers[pk] in cursor.fetchall():
            check_identity(pk, batches[pk].identity, identity)
            if batches[pk].known > numbers[pk]:
                raise GapError(pk, f"number {batches[pk].known} has been saved, but its newest is {numbers[pk]}.")
        added = [(pk, batches[pk].row(seq + 1)) for pk, seq in numbers.items()]
        cursor.executemany(
            ADD_UPDATE, [(pk, row.seq, row.payload, json.dumps(row.authors), now) for pk, row in added]
        )
        cursor.execute(COUNT_UPDATE.format(ids=ids), [*batches])
        return {pk: [row] if batches[pk].known == row.after else read(pk, batches[pk].known) for pk, row in added}


def for_update() -> str:
    """SQLite has no row locks: its transactions begin by locking the whole database."""
    return connection.ops.for_update_sql() if connection.features.has_select_for_update else ""


def newest(document_ids: Iterable[int]) -> dict[int, tuple[str, int]]:
    """The identity and the newest number of each document that exists."""
    found = Document.objects.filter(pk__in=document_ids).values_list("pk", "identity", "seq")
    return {pk: (identity, seq) for pk, identity, seq in found}


def project(
    document: Document,
    texts: Mapping[str, str],
    seq: int = 0,
    values: Mapping[str, Any] | None = None,
    authors: Mapping[Author, int] | None = None,
    locked: Locked | None = None,
) -> bool:
    """Has the owner bring its readable fields up to date, and informs Django code after the commit. `locked` are both
    rows, if whoever calls has just locked them. Returns whether anything changed; nothing does if the fields have
    followed further than these texts go. Raises Document.DoesNotExist or AnotherDocumentError."""
    with transaction.atomic():
        found, owner = locked or Document.objects.lock_with_owner(document)
        check_identity(document.pk, document.identity, found.identity)
        if owner is None or seq < found.followed:
            return False
        warn_of_bypass(found, owner)
        owner.follows_document = True
        project = type(owner).project
        changed = (project if callable(project) else SharedModel.project)(owner, texts, values or {})
        owner.follows_document = False  # receivers of the signal get it, and what they save is a change of their own
        announce(found, owner, changed, authors=authors or {}, texts=texts, values=values or {}, seq=seq)
    return bool(changed)


def warn_of_bypass(document: Document, owner: SharedModel) -> None:
    """Says so if the owner's row, which is about to follow its document, is not what was noted of it last."""
    if document.checksum not in (None, owner.shared_checksum()):
        logger.warning(
            "field overwritten owner=%s/%s: an update() or SQL had changed it; use edit() or save()",
            *Owner.of(owner),
        )


def announce(
    document: Document,
    owner: SharedModel,
    changed: Collection[str],
    saved: Collection[str] | None = None,
    *,
    seq: int,
    authors: Mapping[Author, int],
    **said: Any,
) -> None:
    """Notes what the fields are now, and informs Django code after the commit of the changed ones, and of who wrote
    what they lacked. If only some of the fields are saved, nobody knows what the others are in the database."""
    is_whole = saved is None or owner.shared_fields() <= set(saved)
    told = document.followed if is_whole else seq - 1  # of others' words in the other fields, a room tells
    by = tuple(author for author, number in authors.items() if number > told)
    checksum = owner.shared_checksum() if is_whole else None
    followed = max(seq, document.followed) if is_whole else document.followed
    if (document.followed, document.checksum) != (followed, checksum):
        Document.objects.filter(pk=document.pk).update(followed=followed, checksum=checksum)
    if changed:
        transaction.on_commit(
            lambda: document_changed.send_robust(
                owner._meta.concrete_model, instance=owner, changed=changed, seq=seq, by=by, **said
            )
        )
