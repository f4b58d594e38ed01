"""What a connection of a room may do, and what becomes of the updates of one that may only read.

Nothing that a reader sends is ever stored. Most of it is honest: a client answers each sync step 1 with what it has,
and the document has that, too. If an update seems to bring something, this process may just be behind another one. So
it is held until the log has been read, and judged then.

A page of ours is told what it may do, and answers. What it sent before its answer, it sent in good faith: keys that
were in flight when the right ended, or that were written offline. Such an update is dropped, and the page is told
that something is lost. After the answer, or from a client that never asked to be told, an update that brings
something ends the connection.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from channels_yjs.conf import setting
from channels_yjs.wire.messages import Access, AccessStatus, CloseCode, Refused
from channels_yjs.wire.updates import Shape


class Held(NamedTuple):
    update: bytes
    shape: Shape
    is_in_good_faith: bool


@dataclass(slots=True, eq=False)
class Right:
    access: Access
    is_told: bool  # its page asked to be told
    unanswered: int = 0  # how often it has been told and has not answered yet
    has_lost: bool = False  # an update was dropped that brought something
    is_loss_told: bool = False
    held: list[Held] = field(default_factory=list)

    @property
    def is_in_doubt(self) -> bool:
        """Whether something that the connection sent is not stored, so that it must not be told that all is saved."""
        return self.has_lost or bool(self.held)

    def change(self, access: Access) -> bool:
        """Returns whether something that was not stored may be stored now, and must be asked for."""
        self.access = access
        must_ask = access is Access.WRITE and self.is_in_doubt
        if must_ask:
            self.has_lost = self.is_loss_told = False
            self.held.clear()
        return must_ask

    def tell(self, *, is_lost: bool = False) -> AccessStatus:
        self.unanswered += 1
        return AccessStatus(self.access, is_lost)

    def answered(self) -> None:
        self.unanswered = max(0, self.unanswered - 1)

    def tell_loss(self) -> AccessStatus | None:
        """What a page has to be told, once it has stopped writing and something was dropped."""
        is_due = self.has_lost and not self.is_loss_told and self.access is Access.READ
        if not is_due or self.unanswered or self.held:
            return None
        self.is_loss_told = True
        return self.tell(is_lost=True)

    def hold(self, update: bytes, shape: Shape) -> None:
        """Raises Refused if too much is held already."""
        if self.held and sum(len(held.update) for held in self.held) + len(update) > setting("MAX_QUEUED_BYTES"):
            raise Refused(CloseCode.TRY_AGAIN, "The server is still checking what you sent before.")
        self.held.append(Held(update, shape, is_in_good_faith=self.unanswered > 0))

    def judge(self, is_news: Callable[[bytes, Shape], bool]) -> bool:
        """Drops everything that is held. Returns False if any of it was an offence."""
        held, self.held = self.held, []
        news = [one for one in held if is_news(one.update, one.shape)]
        self.has_lost = self.has_lost or bool(news)
        return all(one.is_in_good_faith for one in news)
