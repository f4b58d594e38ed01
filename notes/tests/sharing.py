from channels_yjs.models import Document
from notes.models import Note


def create_note(title: str = "", body: str = "") -> Note:
    """A note that has been opened."""
    note = Note.objects.create(title=title, text=body)
    Document.objects.of(note)
    return note
