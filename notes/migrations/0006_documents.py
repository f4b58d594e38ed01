"""The logs of notes become those of documents, which the app channels_yjs keeps."""

from importlib import import_module
from typing import Any

from django.db import migrations, models

WELCOME = import_module("notes.migrations.0002_welcome")
FIRST_UPDATE = 1
OF_THE_SAME_NOTE = (
    "JOIN channels_yjs_document ON channels_yjs_document.object_id = CAST(note_id AS TEXT) WHERE content_type_id = %s"
)
COPY_UPDATES = (
    "INSERT INTO channels_yjs_update (document_id, seq, payload, created_at) "
    "SELECT channels_yjs_document.id, notes_update.seq, payload, created_at "
    f"FROM notes_update {OF_THE_SAME_NOTE}"
)
COPY_SNAPSHOTS = (
    "INSERT INTO channels_yjs_snapshot (document_id, seq, state) "
    "SELECT channels_yjs_document.id, notes_snapshot.seq, state "
    f"FROM notes_snapshot {OF_THE_SAME_NOTE}"
)


def move_logs(apps: Any, schema_editor: Any) -> None:
    ContentType = apps.get_model("contenttypes", "ContentType")
    note_type, _ = ContentType.objects.get_or_create(app_label="notes", model="note")
    Note, Document = apps.get_model("notes", "Note"), apps.get_model("channels_yjs", "Document")
    for note in Note.objects.defer("text").order_by("pk").iterator():
        if not is_untouched(note):
            Document.objects.create(
                content_type=note_type, object_id=str(note.pk), identity=note.identity, seq=note.seq
            )
    with schema_editor.connection.cursor() as cursor:
        for copy in (COPY_UPDATES, COPY_SNAPSHOTS):
            cursor.execute(copy, [note_type.pk])


def is_untouched(note: Any) -> bool:
    """Whether this is the note of 0002, and nobody has written in it since. Its document is made like any other, when
    it is first opened."""
    return note.pk == 1 and note.seq == FIRST_UPDATE and (note.title, note.text) == (WELCOME.TITLE, WELCOME.BODY)


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("channels_yjs", "0001_initial"),
        ("notes", "0005_identity"),
    ]

    operations = [
        migrations.RunPython(move_logs, migrations.RunPython.noop),
        migrations.DeleteModel("Update"),
        migrations.DeleteModel("Snapshot"),
        migrations.RemoveField("note", "seq"),
        migrations.RemoveField("note", "identity"),
        migrations.AlterField("note", "updated_at", models.DateTimeField(auto_now=True, db_index=True)),
    ]
