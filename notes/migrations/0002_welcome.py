"""Makes note 1, so that /notes/1/ works right after `migrate`."""

from typing import Any

from django.db import migrations
from pycrdt import Doc, Text

TITLE = "Welcome"
BODY = """This note is yours, and everybody else's who opens it.

Open its address in a second window and write in both. Whatever one of you types, the others see at once.
Switch a window to offline, write on in both, and switch it back: nothing is lost and nothing is doubled.
"""
CLIENT_ID = 1  # fixed, so that this text made anew in another database is the same text to every browser


def make_welcome_note(apps: Any, schema_editor: Any) -> None:
    Note, Update = apps.get_model("notes", "Note"), apps.get_model("notes", "Update")
    doc = Doc[Any]({"title": Text(TITLE), "body": Text(BODY)}, client_id=CLIENT_ID)
    note = Note.objects.create(title=TITLE, text=BODY, seq=1)
    Update.objects.create(note=note, seq=1, payload=doc.get_update())


class Migration(migrations.Migration):
    dependencies = [("notes", "0001_initial")]
    operations = [migrations.RunPython(make_welcome_note, migrations.RunPython.noop)]
