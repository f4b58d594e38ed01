from django.db import models
from django.urls import reverse
from django.utils import timezone

TITLE_MAX_LENGTH = 200
UNTITLED = "Untitled"


class Note(models.Model):
    title = models.CharField(max_length=TITLE_MAX_LENGTH, blank=True)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-updated_at", "-id"]

    def __str__(self) -> str:
        return self.title.strip() or UNTITLED

    def get_absolute_url(self) -> str:
        return reverse("notes:detail", args=[self.pk])


class Update(models.Model):
    """One change of a note, as Yjs encodes it."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="updates")
    payload = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
