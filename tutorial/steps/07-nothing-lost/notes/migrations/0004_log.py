"""The rows of a note's log get numbers, and the beginning of a log can be folded into a snapshot."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def number_updates(apps: Any, schema_editor: Any) -> None:
    Note, Update = apps.get_model("notes", "Note"), apps.get_model("notes", "Update")
    for note in Note.objects.defer("text"):
        updates = Update.objects.filter(note=note).order_by("id").values_list("id", flat=True)
        for number, pk in enumerate(updates.iterator(), start=1):
            Update.objects.filter(pk=pk).update(seq=number)
            note.seq = number
        note.save(update_fields=["seq"])


class Migration(migrations.Migration):
    dependencies = [("notes", "0003_update")]

    operations = [
        migrations.AddField("note", "seq", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("update", "seq", models.PositiveBigIntegerField(default=0), preserve_default=False),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveBigIntegerField()),
                ("state", models.BinaryField()),
                (
                    "note",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="snapshot", to="notes.note"
                    ),
                ),
            ],
        ),
        migrations.RunPython(number_updates, migrations.RunPython.noop),
        migrations.AddConstraint(
            "update", models.UniqueConstraint(fields=("note", "seq"), name="one_update_per_number")
        ),
    ]
