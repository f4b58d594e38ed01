"""The three tables: notes, their update logs, and the logs' beginnings folded into snapshots.

The truth about a note is its log: `Snapshot.state`, then every `Update.payload` after `Snapshot.seq`, in any
order. `Note.title` and `Note.text` are a projection of it for lists, search and readers without JavaScript.
Nothing here knows what the payloads mean; documents.py does.
"""

import secrets

from django.db import models
from django.urls import reverse
from django.utils import timezone

TITLE_MAX_LENGTH = 200  # of the projection: the shared title itself has no limit of its own
UNTITLED = "Untitled"
IDENTITY_BYTES = 16


def new_identity() -> str:
    return secrets.token_hex(IDENTITY_BYTES)


class Note(models.Model):
    """`seq` is the number of the newest row of the note's log. Whoever takes the next number holds a lock
    on this row until the commit, so the numbers have no gaps and stand in the order of the commits.

    `identity` is random and never used twice. A database that is made anew numbers its notes from 1 again, so the
    number alone cannot tell a page that comes back whether this is still its note."""

    title = models.CharField(max_length=TITLE_MAX_LENGTH, blank=True)
    text = models.TextField(blank=True)
    seq = models.PositiveBigIntegerField(default=0)
    identity = models.CharField(max_length=2 * IDENTITY_BYTES, default=new_identity, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-updated_at", "-id"]

    def __str__(self) -> str:
        return self.title.strip() or UNTITLED

    def get_absolute_url(self) -> str:
        return reverse("notes:detail", args=[self.pk])


class Update(models.Model):
    """One committed batch of changes. Append-only until compaction folds it into the snapshot."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="updates")
    seq = models.PositiveBigIntegerField()
    payload = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "seq"], name="one_update_per_number")]

    def __str__(self) -> str:
        return f"update {self.seq} of note {self.note_id}"


class Snapshot(models.Model):
    """The note's log up to and including `seq`, encoded as one update."""

    note = models.OneToOneField(Note, models.CASCADE, related_name="snapshot")
    seq = models.PositiveBigIntegerField()
    state = models.BinaryField()

    def __str__(self) -> str:
        return f"snapshot of note {self.note_id} up to {self.seq}"
