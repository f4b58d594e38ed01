from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "notes"

    def ready(self) -> None:
        from realtime_notes import search, static_files  # noqa: F401 - a lookup, and a check of the deployment
