"""Notes as documents: their update logs in the database, and what those logs say.

The only module that knows both the CRDT library and the database. The truth is the log. What is sent to anyone is
made of stored updates by merging them. The functions that touch the database block: call them in a thread.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from pycrdt import Doc, Text, get_state, get_update, merge_updates

from .models import TITLE_MAX_LENGTH, Note, Update
from .protocol import EMPTY_UPDATE

TITLE, BODY = "title", "body"
MERGE_CHUNK = 32  # merged flat, 10 000 updates take 1.1 s; in chunks of this size, 0.03 s


class Row(NamedTuple):
    """A piece of a log: everything after number `after`, up to and including `seq`."""

    after: int
    seq: int
    payload: bytes


class Batch(NamedTuple):
    """What a room wants to have saved, and the newest number that it knows."""

    known: int
    payload: bytes


class Document:
    """The committed content of one open note, in memory."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.seq = 0
        self._merged = EMPTY_UPDATE
        self.extend(rows)

    @property
    def state_vector(self) -> bytes:
        return get_state(self._merged)

    @property
    def texts(self) -> tuple[str, str]:
        """Title and body as people read them."""
        doc = Doc[Any]()
        title, body = doc.get(TITLE, type=Text), doc.get(BODY, type=Text)
        doc.apply_update(self._merged)
        return str(title), str(body)

    def extend(self, rows: Iterable[Row]) -> list[bytes]:
        """Takes in the rows that continue this document, and returns what was new in them."""
        news = [row for row in rows if row.seq > self.seq]
        if news:
            self._merged = merge([self._merged, *(row.payload for row in news)])
            self.seq = news[-1].seq
        return [row.payload for row in news]

    def missing(self, state_vector: bytes) -> bytes:
        """An update with everything that a replica lacks which has `state_vector`."""
        return get_update(self._merged, state_vector)


def merge(updates: list[bytes]) -> bytes:
    """One update that says what all of them say."""
    while len(updates) > 1:
        updates = [
            merge_updates(*updates[start : start + MERGE_CHUNK]) for start in range(0, len(updates), MERGE_CHUNK)
        ]
    return updates[0]


def create_note(title: str = "", body: str = "") -> Note:
    """A new note. Its text is the first update of its log, made here once and never again."""
    doc = Doc[Any]({TITLE: Text(title), BODY: Text(body)})
    with transaction.atomic():
        note = Note.objects.create(title=as_line(title), text=body, seq=1)
        Update.objects.create(note=note, seq=1, payload=doc.get_update())
    return note


def read(note_id: int, after: int = 0) -> list[Row]:
    """The log of a note after a number, oldest first. Raises Note.DoesNotExist, so that an empty log is not a
    missing one."""
    found = Update.objects.filter(note_id=note_id, seq__gt=after).order_by("seq").values_list("seq", "payload")
    rows = [Row(seq - 1, seq, bytes(payload)) for seq, payload in found]
    if not rows and not Note.objects.filter(pk=note_id).exists():
        raise Note.DoesNotExist(f"There is no note {note_id}.")
    return rows


def append(batches: Mapping[int, Batch]) -> dict[int, list[Row]]:
    """Saves one batch a note, all in one transaction, and returns for each note the rows after the number
    that its room knew, the new one last. A note missing from the result does not exist any more."""
    with transaction.atomic():
        notes = Note.objects.select_for_update().defer("text").filter(pk__in=batches).order_by("pk")
        for note in notes:  # taking the next number holds the lock of the note until the commit
            note.seq, note.updated_at = note.seq + 1, timezone.now()
            note.save(update_fields=["seq", "updated_at"])
            Update.objects.create(note=note, seq=note.seq, payload=batches[note.pk].payload)
        return {note.pk: read(note.pk, batches[note.pk].known) for note in notes}


def project(note_id: int, title: str, body: str) -> None:
    """Brings the note's readable fields up to date."""
    Note.objects.filter(pk=note_id).update(title=as_line(title), text=body)


def as_line(title: str) -> str:
    return " ".join(title.split())[:TITLE_MAX_LENGTH]
