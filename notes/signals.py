"""Tells every process when a note appears or is deleted, wherever that was done: on a page, in the admin or
in a shell. A ring that gets lost is made up for by the rooms' own look at the database."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from channels_yjs.hub.doorbell import EVERYONE, group_of, ring
from channels_yjs.hub.rings import Changed, Deleted

from .models import Note


@receiver(post_save, sender=Note)
def tell_created(instance: Note, created: bool, **kwargs: Any) -> None:
    if created:
        _tell_everyone(instance.pk)


@receiver(post_delete, sender=Note)
def tell_deleted(instance: Note, **kwargs: Any) -> None:
    note_id = instance.pk
    transaction.on_commit(lambda: ring(group_of(note_id), Deleted(note_id)))
    _tell_everyone(note_id)


def _tell_everyone(note_id: int) -> None:
    transaction.on_commit(lambda: ring(EVERYONE, Changed(note_id)))
