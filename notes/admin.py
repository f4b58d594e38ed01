from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from channels_yjs.forms import SharedModelForm

from .models import Note


@admin.register(Note)
class NoteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What is changed here reaches everybody who has the note open, merged with what they write."""

    form = SharedModelForm
    fields = ["title", "text", "created_at", "updated_at"]
    readonly_fields = ["created_at", "updated_at"]
    list_display = ["id", "title", "updated_at"]
    list_display_links = ["id", "title"]
    search_fields = ["title__in_any_case", "text__in_any_case"]

    def save_model(self, request: HttpRequest, obj: Note, *args: Any) -> None:
        obj.edited_by = request.user
        super().save_model(request, obj, *args)
