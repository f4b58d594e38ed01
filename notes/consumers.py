from channels_yjs.consumers import DocumentConsumer, LobbyConsumer

from .models import Note


class NoteConsumer(DocumentConsumer):
    queryset = Note.objects.only("pk")


class NotesConsumer(LobbyConsumer):
    model = Note
