from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import Note


@admin.register(Note)
class NoteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows and deletes notes. A note's words live in its log, so they are edited on its page, not here."""

    list_display = ["id", "title", "updated_at"]
    list_display_links = ["id", "title"]
    search_fields = ["title__in_any_case", "text__in_any_case"]
    readonly_fields = ["title", "text", "created_at", "updated_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
