"""Tells every process when an owner appears, changes or is deleted, wherever that was done: on a page, in the admin
or in a shell. If a ring is lost, the rooms' own look at the database makes up for it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver

from channels_yjs.models import Document, SharedModel, shared_models
from channels_yjs.names import Owner

from .doorbell import EVERYONE, group_of, ring_after_commit
from .rings import Changed, Deleted


class _Thread(threading.local):
    def __init__(self) -> None:
        self.going: set[int] = set()  # documents that Django has found, and deletes after their rows


_thread = _Thread()


def of_default_database(receive: Callable[[Any], None]) -> Callable[..., None]:
    """A receiver for its rows alone: those of another database may have the same keys."""

    def receive_some(instance: Any, using: str, **kwargs: Any) -> None:
        if using == DEFAULT_DB_ALIAS:
            receive(instance)

    return receive_some


def watch_models() -> None:
    """Watches only the models that are shared, so that saving any other costs nothing."""
    for model in shared_models():
        post_save.connect(ring_saved, sender=model)
        post_delete.connect(delete_late_document, sender=model)


@of_default_database
def ring_saved(instance: SharedModel) -> None:
    """Skips a room's own save: the room reports that itself."""
    if not instance.follows_document:
        ring_changed(instance)


def ring_changed(instance: SharedModel) -> None:
    ring_after_commit(EVERYONE, Changed(Owner.of(instance)))


@of_default_database
def delete_late_document(instance: SharedModel) -> None:
    """Django looks for what has to go with a row before it deletes the row. Until then somebody may open it, and the
    document that this makes would outlive it."""
    with suppress(Document.DoesNotExist):
        document = Document.objects.find(instance)
        if document.pk not in _thread.going:
            document.delete()
    ring_changed(instance)


@receiver(pre_delete, sender=Document)
@of_default_database
def wait_for_commit(instance: Document) -> None:
    """Waits for the lock that a writer to this log holds: otherwise the row that it commits would outlive the log."""
    _thread.going.add(instance.pk)
    with suppress(Document.DoesNotExist):
        Document.objects.lock_with_owner(instance)


@receiver(post_delete, sender=Document)
@of_default_database
def ring_deleted(instance: Document) -> None:
    _thread.going.discard(instance.pk)
    ring_after_commit(group_of(instance.pk), Deleted(instance.pk))
