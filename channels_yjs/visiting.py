"""Code as a person: listed among the people in a document, with a cursor where it writes.

    with visit(meeting, "Robot") as robot:
        robot.write("minutes", "Who was there?", seconds=0.1)

Other processes hear of it over the channel layer, so outside the server's own process this needs Redis. What is
written is an ordinary edit, and needs nothing.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from .editing import Draft
from .hub import rings
from .hub.doorbell import EVERYONE, group_of, ring
from .hub.neighbours import HEARTBEAT_SECONDS
from .models import Document, SharedModel
from .names import Author, Owner
from .wire.messages import LEFT, AwarenessEntry

COLOR = "#0f766e"
MAX_CLIENT = 2**32


@contextmanager
def visit(owner: SharedModel, by: Any, color: str = COLOR) -> "Iterator[Visitor]":
    """Blocking. `by` is a name, or a user of Django's. Raises the DoesNotExist of the owner's model."""
    visitor = Visitor(owner, Author.of(by), color)
    visitor.arrive()
    try:
        yield visitor
    finally:
        visitor.leave()


class Visitor:
    def __init__(self, owner: SharedModel, author: Author, color: str) -> None:
        self._owner, self._author = owner, author
        self._document = Document.objects.of(owner)
        self._process = uuid4().hex  # to the servers, this is another process with one person
        self._client, self._clock = random.randrange(1, MAX_CLIENT), 0  # noqa: S311
        self._person = {"name": author.name, "color": color}
        self._state: dict[str, Any] = {"user": {**self._person, "colorLight": f"{color}33"}}
        self._has_left = Event()
        self._renewing = Thread(target=self._renew, daemon=True)

    def write(self, name: str, text: str, seconds: float = 0.0) -> None:
        """Appends to a text: at once, or in so many seconds for each character. Raises EditError."""
        text = self._owner.tidy_text(self._owner.shared_texts[name], text)  # its characters alone are not told apart
        for part in text if seconds else [text]:
            draft = Draft.open(self._owner)
            draft[name] += part
            draft.keep(self._author)
            self._state["cursor"] = {"anchor": draft.end, "head": draft.end}
            self._tell(json.dumps(self._state))
            time.sleep(seconds)

    def arrive(self) -> None:
        self._ring(EVERYONE, rings.Alive())
        self._tell(json.dumps(self._state))
        self._ring(EVERYONE, rings.People(Owner.of(self._owner), (self._person,)))
        self._renewing.start()

    def leave(self) -> None:
        self._has_left.set()
        self._renewing.join()
        self._tell(LEFT)
        self._ring(EVERYONE, rings.People(Owner.of(self._owner), ()))

    def _renew(self) -> None:
        """Servers forget a process that says nothing, and who comes later has to hear of this one."""
        while not self._has_left.wait(HEARTBEAT_SECONDS):
            self._ring(EVERYONE, rings.Alive())
            self._tell(json.dumps(self._state))
            self._ring(EVERYONE, rings.People(Owner.of(self._owner), (self._person,)))

    def _tell(self, state: str) -> None:
        self._clock += 1
        entry = AwarenessEntry(self._client, self._clock, state)
        self._ring(group_of(self._document.pk), rings.Presence(self._document.pk, entry))

    def _ring(self, group: str, said: rings.Ring) -> None:
        ring(group, said, self._process)
