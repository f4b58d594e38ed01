from django.conf import settings

from channels_yjs.access import Access
from channels_yjs.consumers import DocumentConsumer, LobbyConsumer, Refused

from .models import Note


class NoteConsumer(DocumentConsumer):
    queryset = Note.objects.only("pk")

    async def authorize(self, note: Note) -> Access:
        if str(note.pk) in settings.LOCKED_NOTES:
            raise Refused(4403, "This note is locked.")
        return Access.WRITE


class NotesConsumer(LobbyConsumer):
    model = Note
