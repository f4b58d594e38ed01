import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtime_notes.settings")
django_application = get_asgi_application()  # before the imports below: they need the apps to be loaded

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from channels_yjs.origins import SameSiteOrigins  # noqa: E402
from notes.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": SameSiteOrigins(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
