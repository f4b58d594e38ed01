"""Each note gets an identity of its own, besides its number."""

import secrets
from typing import Any

from django.db import migrations, models


def new_identity() -> str:
    return secrets.token_hex(16)


def tell_apart(apps: Any, schema_editor: Any) -> None:
    """Gives each row its own identity: the field's default was called once for all rows."""
    Note = apps.get_model("notes", "Note")
    for pk in list(Note.objects.values_list("pk", flat=True)):
        Note.objects.filter(pk=pk).update(identity=new_identity())


class Migration(migrations.Migration):
    dependencies = [("notes", "0004_log")]

    operations = [
        migrations.AddField(
            "note", "identity", models.CharField(max_length=32, default=new_identity, editable=False)
        ),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
    ]
