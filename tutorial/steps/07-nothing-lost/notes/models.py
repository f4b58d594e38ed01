from django.db import models
from django.urls import reverse
from django.utils import timezone

TITLE_MAX_LENGTH = 200
UNTITLED = "Untitled"


class Note(models.Model):
    title = models.CharField(max_length=TITLE_MAX_LENGTH, blank=True)
    text = models.TextField(blank=True)
    seq = models.PositiveBigIntegerField(default=0)  # the number of the newest row of its log
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-updated_at", "-id"]

    def __str__(self) -> str:
        return self.title.strip() or UNTITLED

    def get_absolute_url(self) -> str:
        return reverse("notes:detail", args=[self.pk])


class Update(models.Model):
    """A row of a note's log: one change, as Yjs encodes it."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="updates")
    seq = models.PositiveBigIntegerField()
    payload = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "seq"], name="one_update_per_number")]


class Snapshot(models.Model):
    """The beginning of a log, folded into one row. Empty until chapter 10."""

    note = models.OneToOneField(Note, models.CASCADE, related_name="snapshot")
    seq = models.PositiveBigIntegerField()
    state = models.BinaryField()
