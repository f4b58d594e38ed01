"""Code that edits a note and saves it in turns, until its standard input ends: `python -m e2e.faults.code NOTE`.
Prints each word that it has written, after the commit."""

import os
import select
import sys
from itertools import count

import django
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtime_notes.settings")
django.setup()
if connection.vendor == "sqlite":  # whoever writes just now may take long on a slow disk
    connection.settings_dict["OPTIONS"]["timeout"] = 120

from channels_yjs.editing import edit  # noqa: E402
from notes.models import Note  # noqa: E402

PAUSE_SECONDS = 0.05


def main() -> None:
    note = Note.objects.get(pk=sys.argv[1])  # loaded once: what is saved is always old
    for number in count():
        word = f"<code-{number}>"
        if number % 2:
            with edit(note, by="Robot") as draft:
                draft["body"] += word
        else:
            note.text += word
            note.save()
        print(word, flush=True)
        if select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
            return


if __name__ == "__main__":
    main()
