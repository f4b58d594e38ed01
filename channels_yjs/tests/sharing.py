"""Notes with open documents, which the tests share."""

from channels_yjs.hub.hub import Hub
from channels_yjs.models import Document
from channels_yjs.names import Owner
from channels_yjs.rooms.room import Room
from channels_yjs.tests.project.models import Note

NAMES = tuple(Note.shared_texts)


def create_note(title: str = "", body: str = "") -> Note:
    """A note that has been opened."""
    note = Note.objects.create(title=title, text=body)
    Document.objects.of(note)
    return note


def room_of(hub: Hub, note: Note) -> Room:
    return hub._by_owner[Owner.of(note)]


def create_document(title: str = "", body: str = "") -> Document:
    return Document.objects.find(create_note(title, body))
