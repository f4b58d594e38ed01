from django.urls import re_path

from .consumers import LobbyConsumer, NoteConsumer

websocket_urlpatterns = [
    re_path(r"^ws/notes/(?P<note_id>\d{1,18})/?$", NoteConsumer.as_asgi()),
    re_path(r"^ws/notes/?$", LobbyConsumer.as_asgi()),
]
