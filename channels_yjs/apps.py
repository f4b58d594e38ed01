from django.apps import AppConfig


class ChannelsYjsConfig(AppConfig):
    name = "channels_yjs"
    verbose_name = "Shared documents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, loading  # noqa: F401
        from .hub import owners, sessions

        owners.watch_models()
        sessions.watch_sessions()
        loading.watch_models()
