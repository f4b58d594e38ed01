from channels_yjs.access import Access
from channels_yjs.consumers import DocumentConsumer, Refused

from .models import Note


class NoteConsumer(DocumentConsumer):
    queryset = Note.objects.only("pk", "title")

    async def authorize(self, note: Note) -> Access:
        if note.title.startswith("Private"):
            raise Refused(4403, "This note is private.")
        return Access.WRITE
