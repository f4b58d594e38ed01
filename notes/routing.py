from django.urls import re_path

from .consumers import NoteConsumer, NotesConsumer

websocket_urlpatterns = [
    re_path(r"^ws/notes/(?P<pk>\d{1,18})/?$", NoteConsumer.as_asgi()),
    re_path(r"^ws/notes/?$", NotesConsumer.as_asgi()),
]
