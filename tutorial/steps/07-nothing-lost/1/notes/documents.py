"""Notes as documents: what was written in them, as updates in the database. These functions block."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from pycrdt import Doc, Text, merge_updates

from .models import TITLE_MAX_LENGTH, Note, Update

EMPTY_UPDATE = b"\x00\x00"


def read(note_id: int) -> bytes:
    """All that was ever written in a note, as one update."""
    payloads = Update.objects.filter(note_id=note_id).order_by("id").values_list("payload", flat=True)
    return merge_updates(EMPTY_UPDATE, *map(bytes, payloads))


@transaction.atomic
def append(note_id: int, payload: bytes) -> None:
    """Adds a row. Whoever takes the next number holds the note until the commit: so numbers have no gaps, and a row
    that can be read has all rows before it."""
    if payload == EMPTY_UPDATE:  # the answer of a page that has nothing new
        return
    Note.objects.filter(pk=note_id).update(seq=F("seq") + 1, updated_at=timezone.now())
    note = Note.objects.only("seq").get(pk=note_id)
    Update.objects.create(note=note, seq=note.seq, payload=payload)


def create_note(title: str) -> Note:
    """A new note. Its title is its first update, made here once and never again."""
    note = Note.objects.create(title=title)
    append(note.pk, Doc[Any]({"title": Text(title)}).get_update())
    return note


def project(note_id: int) -> None:
    """Brings the fields of a note up to date with its document."""
    doc = Doc[Any]()
    title, body = doc.get("title", type=Text), doc.get("body", type=Text)
    doc.apply_update(read(note_id))
    line = " ".join(str(title).split())[:TITLE_MAX_LENGTH]
    Note.objects.filter(pk=note_id).update(title=line, text=str(body))
