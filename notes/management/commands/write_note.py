"""Code writes a note while people have it open, and they see it as one more person."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from channels_yjs.editing import EditError
from channels_yjs.visiting import visit
from notes.models import Note

SECONDS_A_LETTER = 0.12


class Command(BaseCommand):
    help = "Appends words to a note. Everybody who has it open sees them come."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", type=int, help="of the note")
        parser.add_argument("words")
        parser.add_argument("--by", default="Robot", help="whose words they are (default: %(default)s)")
        parser.add_argument("--slowly", action="store_true", help="letter by letter, as people type")

    def handle(self, *args: Any, number: int, words: str, by: str, slowly: bool, **options: Any) -> None:
        if not settings.REDIS_URL:
            self.stderr.write(
                "REDIS_URL is not set, so the words reach open pages some seconds later, and without a cursor. "
                "`nox -s demo -- --redis` prints what to set."
            )
        try:
            note = Note.objects.get(pk=number)
            with visit(note, by) as robot:
                robot.write("body", words, SECONDS_A_LETTER if slowly else 0.0)
        except Note.DoesNotExist:
            raise CommandError(f"There is no note {number}.") from None
        except EditError as error:
            raise CommandError(str(error)) from error
