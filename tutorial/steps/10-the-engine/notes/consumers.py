from channels_yjs.consumers import DocumentConsumer

from .models import Note


class NoteConsumer(DocumentConsumer):
    queryset = Note.objects.only("pk")
