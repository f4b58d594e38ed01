from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from notes.documents import NoteError

from notes import documents
from notes.models import Note, Update


class Command(BaseCommand):
    help = "Folds the update logs of notes into snapshots. Can run while people write."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("notes", nargs="*", type=int, help="numbers of notes; all of them if none is given")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = []
        notes = Note.objects.filter(pk__in=options["notes"]) if options["notes"] else Note.objects.all()
        for note_id in notes.order_by("pk").values_list("pk", flat=True):
            rows = Update.objects.filter(note_id=note_id)
            before = rows.count()
            try:
                snapshot = documents.compact(note_id)
            except Note.DoesNotExist:  # deleted meanwhile
                continue
            except NoteError as error:
                broken.append(str(error))
                continue
            self.stdout.write(f"note {note_id}: {before} rows, now {rows.count()}, {len(snapshot.payload)} bytes")
        if broken:
            raise CommandError("\n".join(broken))
