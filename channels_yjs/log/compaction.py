"""Folding the beginning of a log into a snapshot, so that a document is not as large as its age.

The functions block: call them in a thread.
"""

from django.db import transaction

from channels_yjs.models import Document, Snapshot, Update
from channels_yjs.wire.updates import EMPTY_UPDATE

from .crdt import merge, squash
from .replica import Row
from .store import GapError, check_identity, read


def compact(document: Document) -> Row:
    """Folds the log into a snapshot, and returns the snapshot as a row. Raises Document.DoesNotExist or
    DocumentError."""
    return keep(document.pk, fold(document.pk, document.identity, document.names), document.identity)


def fold(document_id: int, identity: str, names: tuple[str, ...]) -> Row:
    """The log as one row, to become the snapshot. Only reads. Raises Document.DoesNotExist or DocumentError."""
    rows = read(document_id, identity=identity)
    if len(rows) == 1:  # a snapshot alone, or a log of one row
        return rows[0]
    return Row(0, rows[-1].seq if rows else 0, squash(merge([row.payload for row in rows] or [EMPTY_UPDATE]), names))


def keep(document_id: int, folded: Row, identity: str) -> Row:
    """Makes `folded` the document's snapshot, unless another process was quicker, and returns the snapshot.

    Raises Document.DoesNotExist or DocumentError. The snapshot is stored before the rows go, in one transaction. It
    contains the one that it replaces: both were made of one log without a gap, and this one goes further.
    """
    with transaction.atomic():
        found, seq = Document.objects.select_for_update().values_list("identity", "seq").get(pk=document_id)
        check_identity(document_id, identity, found)
        if folded.seq > seq:
            raise GapError(document_id, f"number {folded.seq} has been folded, but the document's newest is {seq}.")
        if folded.seq <= 1:
            return folded  # a log of one row is as short as it can be
        newer = Snapshot.objects.filter(document_id=document_id, seq__gte=folded.seq).first()
        if newer:
            return Row(0, newer.seq, bytes(newer.state))
        fields = {"seq": folded.seq, "state": folded.payload}
        Snapshot.objects.update_or_create(document_id=document_id, defaults=fields)
        Update.objects.filter(document_id=document_id, seq__lte=folded.seq).delete()
    return folded
