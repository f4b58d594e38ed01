from django.db import models

from channels_yjs.models import SharedModel


class Note(SharedModel):
    title = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    shared_texts = {"title": "title", "body": "text"}

    def __str__(self) -> str:
        return self.title
