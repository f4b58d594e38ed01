from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "notes"

    def ready(self) -> None:
        from realtime_notes import static_files  # noqa: F401 - it has a check of the deployment

        from . import search  # noqa: F401
