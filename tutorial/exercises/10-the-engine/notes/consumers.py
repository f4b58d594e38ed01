from channels_yjs.consumers import DocumentConsumer, Refused

from .models import Note


class NoteConsumer(DocumentConsumer):
    queryset = Note.objects.only("pk", "title")

    async def authorize(self, note: Note) -> None:
        if note.title.startswith("Private"):
            raise Refused(4403, "This note is private.")
