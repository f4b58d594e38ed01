from channels.routing import URLRouter
from django.urls import path

from channels_yjs.consumers import DocumentConsumer, LobbyConsumer
from channels_yjs.origins import SameSiteOrigins
from channels_yjs.tests.project.models import Note


class NoteConsumer(DocumentConsumer):
    queryset = Note.objects.only("pk")


class NotesConsumer(LobbyConsumer):
    model = Note


sockets = [path("ws/notes/<int:pk>", NoteConsumer.as_asgi()), path("ws/notes", NotesConsumer.as_asgi())]
application = SameSiteOrigins(URLRouter(sockets))
