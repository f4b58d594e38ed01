from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Note]:
        """Without the texts, which may be long and which no list shows. A note's form fetches its own."""
        return super().get_queryset(request).defer("text")

    def save_model(self, request: HttpRequest, obj: Note, *args: Any) -> None:
        obj.edited_by = request.user
        super().save_model(request, obj, *args)
