import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minutes.settings")
django_application = get_asgi_application()  # before the imports below: they need the apps to be loaded

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from channels_yjs.origins import SameSiteOrigins  # noqa: E402

from .consumers import MeetingConsumer, MeetingsConsumer  # noqa: E402

sockets = URLRouter(
    [
        path("ws/meetings/<int:pk>", MeetingConsumer.as_asgi()),
        path("ws/meetings", MeetingsConsumer.as_asgi()),
    ]
)
application = ProtocolTypeRouter(
    {"http": django_application, "websocket": SameSiteOrigins(AuthMiddlewareStack(sockets))}
)
