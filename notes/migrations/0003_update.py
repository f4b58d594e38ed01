"""Each note gets a log of updates. The text that a note has so far becomes the first of them."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from pycrdt import Doc, Text

CLIENT_ID = 1  # fixed, so that browsers recognize a text that is recreated in another database


def make_first_updates(apps: Any, schema_editor: Any) -> None:
    Note, Update = apps.get_model("notes", "Note"), apps.get_model("notes", "Update")
    for note in Note.objects.order_by("id"):
        # A <textarea> sends CR LF at the end of a line, and an editor would show the CR as a character.
        title, body = " ".join(note.title.splitlines()), note.text.replace("\r\n", "\n").replace("\r", "\n")
        Note.objects.filter(pk=note.pk).update(title=title, text=body)
        doc = Doc[Any]({"title": Text(title), "body": Text(body)}, client_id=CLIENT_ID)
        Update.objects.create(note=note, payload=doc.get_update())


class Migration(migrations.Migration):
    dependencies = [("notes", "0002_welcome")]

    operations = [
        migrations.CreateModel(
            name="Update",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payload", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="updates", to="notes.note"
                    ),
                ),
            ],
        ),
        migrations.RunPython(make_first_updates, migrations.RunPython.noop),
    ]
