"""Tells every process when an owner appears, changes or is deleted, wherever that was done: on a page, in the admin
or in a shell. If a ring is lost, the rooms' own look at the database makes up for it."""

import threading
from contextlib import suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver

from channels_yjs.models import Document, Owner, SharedModel, shared_models

from .doorbell import EVERYONE, group_of, ring_after_commit
from .rings import Changed, Deleted

_thread = threading.local()


def watch_models() -> None:
    """Watches only the models that are shared, so that saving any other costs nothing."""
    for model in shared_models():
        post_save.connect(ring_saved, sender=model)
        post_delete.connect(delete_late_document, sender=model)


def ring_saved(instance: SharedModel, using: str, **kwargs: Any) -> None:
    """Skips a room's own save: the room reports that itself."""
    if not instance.follows and using == DEFAULT_DB_ALIAS:
        ring_changed(instance)


def ring_changed(instance: SharedModel) -> None:
    ring_after_commit(EVERYONE, Changed(Owner.of(instance)))


def delete_late_document(instance: SharedModel, using: str, **kwargs: Any) -> None:
    """Django looks for what has to go with a row before it deletes the row. Until then somebody may open it, and the
    document that this makes would outlive it."""
    if using == DEFAULT_DB_ALIAS:
        with suppress(Document.DoesNotExist):
            document = Document.objects.find(instance)
            if document.pk not in going():
                document.delete()
        ring_changed(instance)


def going() -> set[int]:
    """The documents that this thread is deleting, by number: Django has found them, and deletes their rows first."""
    _thread.__dict__.setdefault("going", set())
    found: set[int] = _thread.going
    return found


@receiver(pre_delete, sender=Document)
def wait_for_commit(instance: Document, using: str, **kwargs: Any) -> None:
    """Waits for the lock that a writer to this log holds: otherwise the row that it commits would outlive the log."""
    if using == DEFAULT_DB_ALIAS:
        going().add(instance.pk)
        with suppress(Document.DoesNotExist):
            Document.objects.lock_with_owner(instance)


@receiver(post_delete, sender=Document)
def ring_deleted(instance: Document, using: str, **kwargs: Any) -> None:
    if using == DEFAULT_DB_ALIAS:
        going().discard(instance.pk)
        ring_after_commit(group_of(instance.pk), Deleted(instance.pk))
