"""Notes as documents: what was written in them, as updates in the database. These functions block."""

from typing import Any

from pycrdt import Doc, Text, merge_updates

from .models import Note, Update

EMPTY_UPDATE = b"\x00\x00"


def read(note_id: int) -> bytes:
    """All that was ever written in a note, as one update."""
    payloads = Update.objects.filter(note_id=note_id).order_by("id").values_list("payload", flat=True)
    return merge_updates(EMPTY_UPDATE, *map(bytes, payloads))


def append(note_id: int, payload: bytes) -> None:
    if payload != EMPTY_UPDATE:  # the answer of a page that has nothing new
        Update.objects.create(note_id=note_id, payload=payload)


def create_note(title: str) -> Note:
    """A new note. Its title is its first update, made here once and never again."""
    note = Note.objects.create(title=title)
    append(note.pk, Doc[Any]({"title": Text(title)}).get_update())
    return note
