"""What people may do with a document, and the moment when that changes.

class MeetingConsumer(DocumentConsumer):
    async def authorize(self, meeting):
        ...
        return Access.READ

meeting.members.remove(user)
recheck(meeting)
"""

from asgiref.sync import sync_to_async

from .hub import rings
from .hub.doorbell import EVERYONE, ring_after_commit
from .models import SharedModel
from .names import Owner
from .wire.messages import Access

__all__ = ["Access", "arecheck", "recheck"]


def recheck(owner: SharedModel) -> None:
    """Has every connection to this row's document, in every process, authorized again after the commit; and those to
    lists of its model. Blocking. If the channel layer is away, they are asked within `YJS_RECHECK_SECONDS`."""
    ring_after_commit(EVERYONE, rings.Recheck(Owner.of(owner)))


async def arecheck(owner: SharedModel) -> None:
    """The same, from asynchronous code: a consumer, or an async view."""
    await sync_to_async(recheck)(owner)
