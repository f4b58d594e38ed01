"""Notes as documents: their update logs in the database. The truth about a note is its log.

The functions that touch the database block: call them in a thread. Invariant: whoever reads rows and a
snapshot reads the rows first. A compaction between the two can then only make the snapshot hold more than
was asked for, never leave a gap.

A log with a gap is never read as if it were whole, and so never folded: that would lose what the gap held.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from pycrdt import Doc, Text

from channels_yjs.log.crdt import merge, squash
from channels_yjs.log.replica import Row
from channels_yjs.wire.messages import CloseCode
from channels_yjs.wire.updates import EMPTY_UPDATE

from .models import TITLE_MAX_LENGTH, Note, Snapshot, Update

logger = logging.getLogger(__name__)

NAMES = TITLE, BODY = "title", "body"
# By hand, because the ORM takes longer to put these together than the database to carry them out, for each keystroke.
LOCK_NOTES = "SELECT id, identity, seq FROM notes_note WHERE id IN ({ids}) ORDER BY id {for_update}"
ADD_UPDATE = "INSERT INTO notes_update (note_id, seq, payload, created_at) VALUES (%s, %s, %s, %s)"
READ_ON = (
    "SELECT n.identity, n.seq, u.seq, u.payload FROM notes_note n "
    "LEFT JOIN notes_update u ON u.note_id = n.id AND u.seq > %s WHERE n.id = %s ORDER BY u.seq"
)
COUNT_UPDATE = "UPDATE notes_note SET seq = seq + 1, updated_at = %s WHERE id IN ({ids})"


class NoteError(Exception):
    """The database does not hold what a page or a room builds on. Nothing has been written."""

    code: ClassVar[CloseCode]
    reason: ClassVar[str]  # for the page; the message is for the log

    def __init__(self, note_id: int, message: str) -> None:
        super().__init__(message)
        self.note_id = note_id


class AnotherNoteError(NoteError):
    code = CloseCode.ANOTHER_NOTE
    reason = "Another note has this number now."

    def __init__(self, note_id: int) -> None:
        super().__init__(note_id, f"Another note has the number {note_id} now.")


class GapError(NoteError):
    """Rows of a log are missing. Pages keep their text and come back until somebody has brought the rows back."""

    code = CloseCode.TRY_AGAIN
    reason = "This note cannot be read at the moment."

    def __init__(self, note_id: int, message: str) -> None:
        super().__init__(note_id, f"The log of note {note_id} is incomplete: {message}")
        logger.error(self)


class Batch(NamedTuple):
    """What a room wants to have saved, the newest number that it knows, and its note's identity."""

    known: int
    payload: bytes
    identity: str = ""  # an empty one stands for whichever note has the number, here and below


def create_note(title: str = "", body: str = "", client_id: int | None = None) -> Note:
    """A new note. Its text is the first update of its log, made here once and never again."""
    title, body = " ".join(title.splitlines()), with_plain_line_ends(body)
    doc = Doc[Any]({TITLE: Text(title), BODY: Text(body)}, client_id=client_id)
    with transaction.atomic():
        note = Note.objects.create(title=as_line(title), text=as_text(body), seq=1)
        Update.objects.create(note=note, seq=1, payload=doc.get_update())
    return note


def identity_of(note_id: int) -> str:
    """Raises Note.DoesNotExist."""
    return Note.objects.values_list("identity", flat=True).get(pk=note_id)


def read(note_id: int, after: int = 0, identity: str = "") -> list[Row]:
    """The log of a note after a number, oldest first. Starts with the snapshot where that goes further: rows up to it
    say nothing more, and need not even be of this log, where a dump was loaded beside what `migrate` had made.

    Raises GapError if anything is missing; Note.DoesNotExist, so that an empty log is not a missing one; and
    AnotherNoteError if a note of another identity has the number.
    """
    if after and (next_rows := _read_on(note_id, after, identity)) is not None:
        return next_rows
    newest = _newest(note_id, identity)  # first: all rows up to it have been committed, so all are to be found
    updates = Update.objects.filter(note_id=note_id, seq__gt=after).order_by("seq")
    rows = [Row(seq - 1, seq, bytes(payload)) for seq, payload in updates.values_list("seq", "payload")]
    if snapshot := Snapshot.objects.filter(note_id=note_id, seq__gt=after).first():
        rows = [Row(0, snapshot.seq, bytes(snapshot.state)), *(row for row in rows if row.seq > snapshot.seq)]
    end = rows[-1].seq if rows else after
    reached = after
    for row in rows:
        reached = row.seq if row.after <= reached else reached  # which stays before a gap
    if not reached == end == newest:  # or it has been written on, or deleted, meanwhile
        latest = _newest(note_id, identity)
        if reached < end or not newest <= end <= latest:
            raise GapError(note_id, f"without a gap it goes up to {reached}, and its newest number is {latest}.")
    return rows


def _read_on(note_id: int, after: int, identity: str) -> list[Row] | None:
    """The rows after a number, if they are all there. Most often they are: this is what every ring asks for."""
    with connection.cursor() as cursor:
        cursor.execute(READ_ON, [after, note_id])
        found = cursor.fetchall()
    if not found:
        return None
    found_identity, newest, _, _ = found[0]
    check_identity(note_id, identity, found_identity)
    rows = [Row(seq - 1, seq, bytes(payload)) for _, _, seq, payload in found if seq is not None]
    is_whole = newest >= after and [row.seq for row in rows] == list(range(after + 1, newest + 1))
    return rows if is_whole else None


def _newest(note_id: int, identity: str) -> int:
    """The newest number of a note. Raises Note.DoesNotExist or AnotherNoteError."""
    found, seq = Note.objects.values_list("identity", "seq").get(pk=note_id)
    check_identity(note_id, identity, found)
    return seq


def check_identity(note_id: int, wanted: str, found: str) -> None:
    if wanted not in ("", found):
        raise AnotherNoteError(note_id)


def append(batches: Mapping[int, Batch]) -> dict[int, list[Row]]:
    """Saves one batch a note, all in one transaction, and returns for each note the rows after the number
    that its room knew, the new one last. A note missing from the result does not exist any more.

    Raises NoteError, and saves nothing, if a room builds on what the database does not hold.
    """
    ids = ", ".join(["%s"] * len(batches))
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK_NOTES.format(ids=ids, for_update=for_update()), [*batches])
        numbers: dict[int, int] = {}
        for pk, identity, numbers[pk] in cursor.fetchall():
            check_identity(pk, batches[pk].identity, identity)
            if batches[pk].known > numbers[pk]:
                raise GapError(pk, f"number {batches[pk].known} has been saved, and the newest is {numbers[pk]}.")
        cursor.executemany(ADD_UPDATE, [(pk, seq + 1, batches[pk].payload, now) for pk, seq in numbers.items()])
        cursor.execute(COUNT_UPDATE.format(ids=ids), [now, *batches])
        return {
            pk: [Row(seq, seq + 1, batches[pk].payload)] if batches[pk].known == seq else read(pk, batches[pk].known)
            for pk, seq in numbers.items()
        }


def for_update() -> str:
    """SQLite has no locks for rows: its transactions begin with a lock of the whole database."""
    return connection.ops.for_update_sql() if connection.features.has_select_for_update else ""


def newest(note_ids: Iterable[int]) -> dict[int, tuple[str, int]]:
    """The identity and the newest number of each note that exists."""
    found = Note.objects.filter(pk__in=note_ids).values_list("pk", "identity", "seq")
    return {pk: (identity, seq) for pk, identity, seq in found}


def project(note_id: int, texts: Mapping[str, str], identity: str = "") -> bool:
    """Brings the note's readable fields up to date. Returns whether anything changed."""
    line, text = as_line(texts[TITLE]), as_text(texts[BODY])
    notes = Note.objects.filter(identity=identity) if identity else Note.objects.all()
    outdated = notes.filter(~Q(title=line) | ~Q(text=text), pk=note_id)
    return bool(outdated.update(title=line, text=text))


def as_line(title: str) -> str:
    return " ".join(as_text(title).split())[:TITLE_MAX_LENGTH]


def as_text(body: str) -> str:
    return body.replace("\x00", "")  # PostgreSQL stores no NUL in a text


def with_plain_line_ends(text: str) -> str:
    """Forms and files of Windows end their lines with CR LF, of which an editor would show the CR as a character."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def compact(note_id: int) -> Row:
    """Folds the log into a snapshot, and returns the snapshot as a row. Raises Note.DoesNotExist or NoteError."""
    identity = identity_of(note_id)
    return store(note_id, fold(note_id, identity), identity)


def fold(note_id: int, identity: str) -> Row:
    """The log as one row, as a snapshot is to hold it. Only reads. Raises Note.DoesNotExist or NoteError."""
    rows = read(note_id, identity=identity)
    if len(rows) == 1:  # a snapshot alone, or a log of one row
        return rows[0]
    return Row(0, rows[-1].seq if rows else 0, squash(merge([row.payload for row in rows] or [EMPTY_UPDATE]), NAMES))


def store(note_id: int, folded: Row, identity: str) -> Row:
    """Makes `folded` the note's snapshot, unless another process was quicker, and returns what is the snapshot now.

    Raises Note.DoesNotExist or NoteError. The snapshot is stored before the rows go, in one transaction. It contains
    the one that it replaces: both were made of one log without a gap, and this one goes further.
    """
    with transaction.atomic():
        found, seq = Note.objects.select_for_update().values_list("identity", "seq").get(pk=note_id)
        check_identity(note_id, identity, found)
        if folded.seq > seq:
            raise GapError(note_id, f"it has been folded up to {folded.seq}, and its newest number is {seq}.")
        if folded.seq <= 1:
            return folded  # a log of one row is as short as it can be
        newer = Snapshot.objects.filter(note_id=note_id, seq__gte=folded.seq).first()
        if newer:
            return Row(0, newer.seq, bytes(newer.state))
        Snapshot.objects.update_or_create(note_id=note_id, defaults={"seq": folded.seq, "state": folded.payload})
        Update.objects.filter(note_id=note_id, seq__lte=folded.seq).delete()
    return folded
