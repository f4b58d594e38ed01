"""Tells every process when an owner appears, changes or is deleted, wherever that was done: on a page, in the admin
or in a shell. If a ring is lost, the rooms' own look at the database makes up for it."""

from contextlib import suppress
from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver

from channels_yjs.models import Document, Owner, SharedModel, shared_models

from .doorbell import EVERYONE, group_of, ring_after_commit
from .rings import Changed, Deleted


def watch_models() -> None:
    """Watches only the models that are shared, so that saving any other costs nothing."""
    for model in shared_models():
        post_save.connect(tell_saved, sender=model)
        post_delete.connect(tell_changed, sender=model)


def tell_saved(instance: SharedModel, **kwargs: Any) -> None:
    """Skips a room's own save: the room reports that itself."""
    if not instance.follows:
        tell_changed(instance)


def tell_changed(instance: SharedModel, **kwargs: Any) -> None:
    ring_after_commit(EVERYONE, Changed(Owner.of(instance)))


@receiver(pre_delete, sender=Document)
def wait_for_commit(instance: Document, **kwargs: Any) -> None:
    """Waits for the lock that a writer to this log holds: otherwise the row that it commits would outlive the log."""
    with suppress(Document.DoesNotExist):
        Document.objects.lock_with_owner(instance)


@receiver(post_delete, sender=Document)
def tell_deleted(instance: Document, **kwargs: Any) -> None:
    ring_after_commit(group_of(instance.pk), Deleted(instance.pk))
