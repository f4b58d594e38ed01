"""Makes note 1, so that /notes/1/ works right after `migrate`."""

from typing import Any

from django.db import migrations

TITLE = "Welcome"
BODY = """This note is yours, and everybody else's who opens it.

Open its address in a second window and write in both. Whatever one of you types, the others see at once.
Switch a window to offline, write on in both, and switch it back: nothing is lost and nothing is doubled.
"""


def make_welcome_note(apps: Any, schema_editor: Any) -> None:
    apps.get_model("notes", "Note").objects.create(title=TITLE, text=BODY)


class Migration(migrations.Migration):
    dependencies = [("notes", "0001_initial")]
    operations = [migrations.RunPython(make_welcome_note, migrations.RunPython.noop)]
