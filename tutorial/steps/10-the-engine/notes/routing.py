from django.urls import re_path

from .consumers import NoteConsumer

websocket_urlpatterns = [
    re_path(r"^ws/notes/(?P<pk>\d{1,18})/?$", NoteConsumer.as_asgi()),
]
