from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse

from channels_yjs.access import Access
from channels_yjs.models import SharedModel

UNTITLED = "Untitled"


class Note(SharedModel):
    """Its title and text are what people read in its document, for lists, search and readers without JavaScript."""

    title = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True)

    shared_texts = {"title": "title", "body": "text"}

    class Meta:
        ordering = ["-updated_at", "-id"]

    def __str__(self) -> str:
        return self.title.strip() or UNTITLED

    def get_absolute_url(self) -> str:
        return reverse("notes:detail", args=[self.pk])

    def access_of(self, user: Any) -> Access | None:
        """What somebody may do. A note without an owner is everybody's."""
        if self.owner_id in (None, user.pk):
            return Access.WRITE
        share = self.shares.filter(user=user.pk).first()
        return share and (Access.WRITE if share.may_write else Access.READ)


class Share(models.Model):
    """Somebody whom the owner of a note has let in."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="shares")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    may_write = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "user"], name="one_share_each")]

    def __str__(self) -> str:
        return f"{self.note} for {self.user}"


def notes_of(user: Any) -> models.QuerySet[Note]:
    """The notes that somebody may read."""
    shared = Share.objects.filter(user=user.pk).values("note")
    return Note.objects.filter(models.Q(owner=None) | models.Q(owner=user.pk) | models.Q(pk__in=shared))
