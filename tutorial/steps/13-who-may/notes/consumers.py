from asgiref.sync import sync_to_async

from channels_yjs.access import Access
from channels_yjs.consumers import DocumentConsumer, LobbyConsumer, Refused

from .models import Note, notes_of


class NoteConsumer(DocumentConsumer):
    queryset = Note.objects.only("pk", "owner")

    async def authorize(self, note: Note) -> Access:
        access = await sync_to_async(note.access_of)(self.scope["user"])
        if access is None:
            raise Refused(4403, "This note is not shared with you.")
        return access


class NotesConsumer(LobbyConsumer):
    model = Note

    async def authorize(self) -> set[int]:
        return {pk async for pk in notes_of(self.scope["user"]).values_list("pk", flat=True)}
