"""Code that edits a note again and again, until its standard input ends: `python -m bench.edits NOTE SECONDS`."""

import os
import select
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "realtime_notes.settings")
django.setup()

from channels_yjs.editing import edit  # noqa: E402
from notes.models import Note  # noqa: E402


def main() -> None:
    note, seconds = Note.objects.get(pk=sys.argv[1]), float(sys.argv[2])
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], seconds)[0]:
        with edit(note, by="Robot") as draft:
            draft["body"] += "edited "


if __name__ == "__main__":
    main()
