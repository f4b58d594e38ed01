"""The two WebSockets, to be subclassed: DocumentConsumer for one document, LobbyConsumer for a list.

    class MeetingConsumer(DocumentConsumer):
        queryset = Meeting.objects.all()

        async def authorize(self, meeting):
            if not await meeting.members.filter(pk=self.scope["user"].pk).aexists():
                raise Refused(4403, "These minutes are for members.")
            return Access.WRITE

A consumer is the connection and nothing more: it finds its owner, decodes what comes in, hands it to the document's
room, and sends what the room delivers.
"""

import asyncio
import json
import logging
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from copy import copy
from functools import partial
from typing import Any, cast
from urllib.parse import parse_qs

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    SynchronousOnlyOperation,
    ValidationError,
)
from django.db import DataError
from django.db.models import QuerySet
from django.http import Http404

from .connections.accounts import user_of
from .connections.bounded import BoundedConsumer
from .log.store import AnotherDocumentError
from .models import SharedModel
from .names import Author, Owner, name_of, username
from .rooms.room import Room
from .wire.lib0 import ProtocolError
from .wire.messages import Access, CloseCode, Refused, decode

__all__ = ["DocumentConsumer", "LobbyConsumer", "Refused"]

logger = logging.getLogger(__name__)

LONGEST_NAME = 40  # characters of a name in the log, since anybody may ask for anything
MOST_HIDDEN = 1000  # rows that a list remembers as not visible


class DocumentConsumer(BoundedConsumer):
    """One person's connection to the document of one row of `queryset`, found by the URL's keyword arguments."""

    queryset: QuerySet[Any]
    room: Room | None = None
    author: Author | None = None
    shown_name: str | None = None
    is_guest = False
    access = Access.READ
    _asked_owner: Owner | None = None  # None until it is known, and then every recheck may concern it

    async def find_owner(self) -> SharedModel:
        """Raises the DoesNotExist of its model. Only `authorize` reads the row, so it may be loaded in part."""
        rows, wanted = self.queryset, self.scope["url_route"]["kwargs"]
        owner = await self.hub.read_shared((rows, *wanted.items()), partial(rows.get, **wanted))
        return cast("SharedModel", copy(owner))  # many may ask at once, and each gets a row of its own

    async def authorize(self, owner: Any) -> Access:
        """Lets everybody write. Override it: return Access.READ or Access.WRITE, or raise Refused(4403, "…") for
        anyone who may not even read. `self.scope["user"]` is known inside an AuthMiddlewareStack. Called before
        anything is sent, and again whenever rights may have changed: see `channels_yjs.access.recheck`."""
        return Access.WRITE

    def presence_name(self) -> str | None:
        """The name that others see, which nobody else can take: that of the account. None if people without one may
        call themselves what they like; where others have accounts, inside an AuthMiddlewareStack, they are shown as
        guests then."""
        user = user_of(self.scope)
        return username(user) if user else None

    def _parameter(self, name: str) -> str:
        """A parameter that our pages send in the query: the identity of the document that they were made for, its
        texts, or whether they understand what they are told about access. Other clients know only an address."""
        query: bytes = self.scope.get("query_string", b"")
        return parse_qs(query.decode("latin-1")).get(name, [""])[0]

    @property
    def is_open_to_all(self) -> bool:
        """Whether nobody can lose what they have found here, except by its deletion."""
        kind, base = type(self), DocumentConsumer
        has_own = kind.authorize is not base.authorize or kind.find_owner is not base.find_owner
        rows = getattr(kind, "queryset", None)
        finds_by_key = self.scope["url_route"]["kwargs"].keys() == {"pk"}
        is_plain = type(rows) is QuerySet and not (rows.query.has_filters() or rows.query.is_sliced)
        return finds_by_key and is_plain and not has_own and "queryset" not in self.__dict__

    def _row_of_open_room(self) -> SharedModel | None:
        """The row, with its key alone, if everybody may come to where others are already: that needs no question, and
        goes on while the database does not answer."""
        if not self.is_open_to_all:
            return None
        pk = self.queryset.model._meta.pk
        key = pk.to_python(self.scope["url_route"]["kwargs"]["pk"])
        if not self.hub.is_open(Owner(name_of(self.queryset.model), str(key))):
            return None
        try:
            row: SharedModel = self.queryset.model.from_db(self.queryset.db, [pk.attname], [key])  # calls no defaults
        except SynchronousOnlyOperation:  # its __init__ looks at other fields
            return None
        return row

    @property
    def is_told_access(self) -> bool:
        return self._parameter("access") == "1"

    async def ask(self) -> None:
        try:
            self._row = self._row_of_open_room() or await self.find_owner()
        except (ObjectDoesNotExist, ValidationError, ValueError, DataError):  # the last three: it is no valid key
            raise Http404 from None
        self._asked_owner = Owner.of(self._row)
        if self.room and self._asked_owner != self.room.owner:
            raise AnotherDocumentError(self.room.id)
        self.access = self._checked(await self.authorize(self._row))

    async def prepare(self) -> None:
        self._check_names(self._row)
        self._take_name()
        try:
            self._found = await self.hub.open(self._row, self._parameter("identity"))
        except ObjectDoesNotExist:  # deleted a moment ago
            raise Http404 from None

    def come_in(self) -> None:
        self.room = self._found
        self.room.add(self)
        logger.info("connect owner=%s connection=%s access=%s", self.owner, self.name, self.access.name)

    def go_on(self) -> None:
        if self.room:
            before = self.shown_name, self.is_guest
            self._take_name()
            self.room.change_access(self, self.access)
            if before != (self.shown_name, self.is_guest):
                self.room.sign(self)

    def _take_name(self) -> None:
        user = user_of(self.scope)
        self.author = Author.of(user) if user else None
        self.shown_name = self.presence_name()
        self.is_guest = self.shown_name is None and "user" in self.scope

    @property
    def turns(self) -> AbstractAsyncContextManager[Any]:
        return self.room.turns if self.room else nullcontext()

    def concerns(self, owner: Owner) -> bool:
        return self._asked_owner in (None, owner)

    def _checked(self, answer: Any) -> Access:
        if isinstance(answer, Access):
            return answer
        if answer is False:
            raise PermissionDenied
        logger.error(
            "%s.authorize returned %r, which lets nobody in: return Access.READ or Access.WRITE, or raise Refused.",
            type(self).__name__,
            answer,
        )
        raise Refused(CloseCode.TRY_AGAIN, "The server failed; its log says why.")

    def _check_names(self, owner: SharedModel) -> None:
        """Refuses a page that is about to show texts which the model does not have: what people write in one would be
        kept, but never appear in a field."""
        names = self._parameter("texts")
        if unknown := set(names.split(",") if names else []) - set(owner.shared_texts):
            reason = f"There is no shared text {min(unknown)[:LONGEST_NAME]!r}."
            logger.warning("%s A page of %s asks for it: see its openDocument.", reason, owner._meta.label)
            raise Refused(CloseCode.MALFORMED_FRAME, reason)

    @property
    def owner(self) -> str:
        """The owner as the log names it: notes.note/1."""
        return "/".join(self.room.owner) if self.room else "nobody"

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.room:
            try:
                self.room.receive(self, decode(bytes_data or b""))
            except ProtocolError as error:
                self.shut(CloseCode.MALFORMED_FRAME, str(error))

    def deliver(self, frame: bytes) -> None:
        self.enqueue(frame, len(frame))

    async def disconnect(self, code: int) -> None:
        logger.info("disconnect owner=%s connection=%s code=%s", self.owner, self.name, code)

    def left(self) -> None:
        if self.room:
            self.room.remove(self)


class LobbyConsumer(BoundedConsumer):
    """A live list of the rows of `model`: who is in which document, and which rows appeared, changed or went.
    hub/lobby.py describes its messages. Ignores what it receives."""

    model: type[SharedModel]
    _visible: frozenset[str] | None = frozenset()  # None for all rows
    _hidden: set[str]  # rows that changed, and were asked about, and are not visible; the last ones
    _pause_seconds = 5.0  # between two questions about those, since people who write in one change it all the time
    _paused_until = 0.0  # the loop's time
    _timer: asyncio.TimerHandle | None = None  # is set if such a row has changed in the pause

    async def authorize(self) -> Collection[Any] | bool | None:
        """Returns the keys of the rows of which this person may hear, or None for all. Raises Refused for anyone who
        may hear of none, or returns False. Called again whenever rights may have changed, and when a row changes that
        is not among them: it may be new."""
        return None

    @property
    def is_open_to_all(self) -> bool:
        return type(self).authorize is LobbyConsumer.authorize

    @property
    def turns(self) -> AbstractAsyncContextManager[Any]:
        return self.hub.questions

    async def ask(self) -> None:
        keys = await self.authorize()
        if keys is False:
            raise PermissionDenied
        self._allowed = None if keys is None or keys is True else frozenset(map(str, keys))

    def come_in(self) -> None:
        self._visible, self._hidden = self._allowed, set()
        self.hub.lobby.watch(name_of(self.model), self.tell)
        self._send({"people": self._seen(self.hub.lobby.people_of(name_of(self.model)))})

    def go_on(self) -> None:
        """Tells of the rows that have become visible or no longer are, and who is in them."""
        before, self._visible = self._visible, self._allowed
        self._hidden = {pk for pk in self._hidden if self._visible is not None and pk not in self._visible}
        people = {}
        for pk, here in self.hub.lobby.people_of(name_of(self.model)).items():
            was_visible, is_visible = (keys is None or pk in keys for keys in (before, self._visible))
            if was_visible != is_visible:
                people[pk] = here if is_visible else []
        news: dict[str, Any] = {"people": people} if people else {}
        if before != self._visible:  # an empty list says that anything may have changed
            news["changed"] = [] if before is None or self._visible is None else sorted(before ^ self._visible)
        if news:
            self._send(news)

    def concerns(self, owner: Owner) -> bool:
        return owner.model == name_of(self.model)

    def _seen(self, people: dict[str, Any]) -> dict[str, Any]:
        """The people, by row, in the rows of which this person may hear."""
        return {pk: here for pk, here in people.items() if self._visible is None or pk in self._visible}

    def tell(self, news: dict[str, Any]) -> None:
        if self._visible is not None and news.get("people"):
            news = {"people": self._seen(news["people"])}
            if not news["people"]:
                return
        if self._visible is not None and (unseen := frozenset(news.get("changed", ())) - self._visible):
            self._ask_about(unseen)
            return
        self._send(news)

    def _ask_about(self, unseen: frozenset[str]) -> None:
        loop = asyncio.get_running_loop()
        if not unseen <= self._hidden or loop.time() >= self._paused_until:
            if len(self._hidden) >= MOST_HIDDEN:  # the price of forgetting them is another question
                self._hidden.clear()
            self._hidden |= unseen
            self._ask_now()
        elif not self._timer:  # the last question may have come before this change
            self._timer = loop.call_at(self._paused_until, self._ask_now)

    def _ask_now(self) -> None:
        self._stop_timer()
        self._paused_until = asyncio.get_running_loop().time() + self._pause_seconds
        self.recheck()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _send(self, news: dict[str, Any]) -> None:
        text = json.dumps(news)
        self.enqueue({"type": "websocket.send", "text": text}, len(text))

    def left(self) -> None:
        self.hub.lobby.leave(self.tell)
        self._stop_timer()
