"""What `loaddata` may write over. It goes by primary keys, and those of another database may be in use in this one.

A loaded note takes the place of the one that `migrate` makes, with its log. It never takes the place of anything that
people have written: then the whole load is refused, and `loaddata`, which is one transaction, changes nothing.
"""

from typing import Any

from django.db import IntegrityError
from django.db.models.signals import pre_save
from django.dispatch import receiver

from .models import Note, Snapshot, Update

FIRST_NOTE = 1  # the one that `migrate` makes


@receiver(pre_save, sender=Note)
def make_way(instance: Note, raw: bool, using: str, **kwargs: Any) -> None:
    if not raw or not (here := Note.objects.using(using).filter(pk=instance.pk).first()):
        return
    if here.pk != FIRST_NOTE or here.seq > 1:
        refuse(f"note {here.pk} is in use")
    Update.objects.using(using).filter(note=here).delete()


@receiver(pre_save, sender=Update)
@receiver(pre_save, sender=Snapshot)
def keep_apart(sender: Any, instance: Any, raw: bool, using: str, **kwargs: Any) -> None:
    if not raw:
        return
    if sender.objects.using(using).filter(pk=instance.pk).exclude(note=instance.note_id).exists():
        refuse(f"the {sender._meta.verbose_name} with the key {instance.pk} belongs to a note of this database")
    # A note that is written in while it is dumped has later rows than it counted.
    Note.objects.using(using).filter(pk=instance.note_id, seq__lt=instance.seq).update(seq=instance.seq)


def refuse(reason: str) -> None:
    raise IntegrityError(f"The dump was not loaded: {reason}. Load it into a new database, right after migrate.")
