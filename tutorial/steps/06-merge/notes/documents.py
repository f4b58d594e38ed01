"""Notes as documents: the updates that the database holds, and what they say.

The only module that knows both the CRDT library and the database. Its functions block: call them in a thread.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone
from pycrdt import Doc, Text, merge_updates

from .models import TITLE_MAX_LENGTH, Note, Update

TITLE, BODY = "title", "body"
EMPTY_UPDATE = b"\x00\x00"


def create_note(title: str = "", body: str = "") -> Note:
    """A new note. Its text is its first update, made here once and never again."""
    doc = Doc[Any]({TITLE: Text(title), BODY: Text(body)})
    with transaction.atomic():
        note = Note.objects.create(title=title, text=body)
        Update.objects.create(note=note, payload=doc.get_update())
    return note


def read(note_id: int) -> bytes:
    """All that was ever written in a note, as one update."""
    payloads = Update.objects.filter(note_id=note_id).order_by("id").values_list("payload", flat=True)
    return merge_updates(EMPTY_UPDATE, *map(bytes, payloads))


def append(note_id: int, payload: bytes) -> None:
    Update.objects.create(note_id=note_id, payload=payload)


def project(note_id: int) -> None:
    """Brings the note's readable fields up to date."""
    doc = Doc[Any]()
    title, body = doc.get(TITLE, type=Text), doc.get(BODY, type=Text)
    doc.apply_update(read(note_id))
    line = " ".join(str(title).split())[:TITLE_MAX_LENGTH]
    Note.objects.filter(pk=note_id).update(title=line, text=str(body), updated_at=timezone.now())
