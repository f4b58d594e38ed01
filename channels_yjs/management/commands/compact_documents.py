from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels_yjs.log.compaction import compact
from channels_yjs.log.store import DocumentError
from channels_yjs.models import Document


class Command(BaseCommand):
    help = "Folds the update logs of documents into snapshots. Can run while people write."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("documents", nargs="*", type=int, help="their numbers; all of them if none is given")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = []
        documents = Document.objects.order_by("pk")
        for document in documents.filter(pk__in=options["documents"]) if options["documents"] else documents:
            before = document.updates.count()
            try:
                snapshot = compact(document)
            except Document.DoesNotExist:  # deleted meanwhile
                continue
            except DocumentError as error:
                broken.append(str(error))
                continue
            self.stdout.write(
                f"{document}: {before} rows, now {document.updates.count()}, {len(snapshot.payload)} bytes"
            )
        if broken:
            raise CommandError("\n".join(broken))
