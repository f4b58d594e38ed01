"""Limits the rows that `loaddata` may overwrite. It goes by primary keys, and those of another database may be in use
in this one.


A loaded row replaces one that nobody has opened, such as a migration makes. It never replaces one whose document
people may have written in: then the whole load is refused, and `loaddata`, which is one transaction, changes nothing.
A dump may hold documents before their owners, so a document that came from the dump itself does not count.
"""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import Model
from django.db.models.signals import pre_save
from django.dispatch import receiver

from .models import Document, SharedModel, Snapshot, Update, shared_models
from .names import key_of

_arrived: set[str] = set()  # the identities of the documents that the load has brought, until it is committed


def watch_models() -> None:
    for model in shared_models():
        pre_save.connect(keep_owner, sender=model)


def keep_owner(instance: SharedModel, raw: bool, using: str, **kwargs: Any) -> None:
    if raw and using == DEFAULT_DB_ALIAS and has_row(instance, using):
        content_type = ContentType.objects.db_manager(using).get_for_model(instance)
        keep_document_of(content_type, key_of(type(instance), instance.pk), using)


def keep_document_of(content_type: Any, object_id: str, using: str) -> None:
    found = Document.objects.using(using).filter(content_type=content_type, object_id=object_id)
    if not _arrived.issuperset(found.values_list("identity", flat=True)):
        refuse(f"{content_type.name} {object_id} is in use")


@receiver(pre_save, sender=Document)
def keep_document(instance: Document, raw: bool, using: str, **kwargs: Any) -> None:
    if raw:
        keep_document_of(instance.content_type, instance.object_id, using)
        keep_key(instance, using)
        _arrived.add(instance.identity)
        transaction.on_commit(_arrived.clear, using)


@receiver(pre_save, sender=Update)
@receiver(pre_save, sender=Snapshot)
def keep_row(instance: Any, raw: bool, using: str, **kwargs: Any) -> None:
    if raw:
        keep_key(instance, using)
        # If a document is edited while it is dumped, the dump holds later rows than the document's seq.
        documents = Document.objects.using(using).filter(pk=instance.document_id, seq__lt=instance.seq)
        documents.update(seq=instance.seq)


def keep_key(instance: Model, using: str) -> None:
    if has_row(instance, using):
        refuse(f"the {instance._meta.verbose_name} with the key {instance.pk} belongs to this database")


def has_row(instance: Model, using: str) -> bool:
    return type(instance)._base_manager.using(using).filter(pk=instance.pk).exists()


def refuse(reason: str) -> None:
    raise IntegrityError(
        f"The dump was not loaded: {reason}. Load it into a new database, right after migrate. "
        "To bring back an older version of a row, set its fields and save()."
    )
