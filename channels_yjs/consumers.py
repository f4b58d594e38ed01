"""The two WebSockets, to be subclassed: DocumentConsumer for one document, LobbyConsumer for a list.

    class MeetingConsumer(DocumentConsumer):
        queryset = Meeting.objects.all()

A consumer is the connection and nothing more: it finds its owner, decodes what comes in, hands it to the document's
room, and sends what the room delivers.
"""

import json
import logging
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qs

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404

from .connections.bounded import BoundedConsumer
from .models import SharedModel, name_of
from .rooms.room import Room
from .wire.messages import CloseCode, ProtocolError, Refused, decode

__all__ = ["DocumentConsumer", "LobbyConsumer", "Refused"]

logger = logging.getLogger(__name__)

LONGEST_NAME = 40  # characters of a name in the log, since anybody may ask for anything


class DocumentConsumer(BoundedConsumer):
    """One person's connection to the document of one row of `queryset`, found by the URL's keyword arguments."""

    queryset: QuerySet[Any]
    room: Room | None = None

    async def find_owner(self) -> SharedModel:
        """Raises the DoesNotExist of its model. Only `authorize` reads the row, so it may be loaded in part."""
        owner: SharedModel = await self.hub.read(self.queryset.get, **self.scope["url_route"]["kwargs"])
        return owner

    async def authorize(self, owner: Any) -> bool | None:
        """Lets everybody in. Override it: raise Refused(4403, "…") for anyone who may not, or return False.
        `self.scope["user"]` is known inside an AuthMiddlewareStack. Called once, before anything is sent."""
        return None

    def _asked_for(self, what: str) -> str:
        """A parameter that our pages send in the query: the identity of the document that they were made for, or its
        texts. Other clients know only an address."""
        query: bytes = self.scope.get("query_string", b"")
        return parse_qs(query.decode("latin-1")).get(what, [""])[0]

    async def enter(self) -> None:
        async with self.shutting_out():
            try:
                owner = await self.find_owner()
            except (ObjectDoesNotExist, ValidationError, ValueError):  # the last two: the URL holds no valid key
                raise Http404 from None
            if await self.authorize(owner) is False:
                raise PermissionDenied
            self._check_names(owner)
            try:
                self.room = await self.hub.join(owner, self, self._asked_for("identity"))
            except ObjectDoesNotExist:  # deleted a moment ago
                raise Http404 from None
            logger.info("connect owner=%s connection=%s", self.owner, self.name)

    def _check_names(self, owner: SharedModel) -> None:
        """Refuses a page that is about to show texts which the model does not have: what people write in one would be
        kept, but never appear in a field."""
        names = self._asked_for("texts")
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
        self.enqueue({"type": "websocket.send", "bytes": frame}, len(frame))

    async def disconnect(self, code: int) -> None:
        logger.info("disconnect owner=%s connection=%s code=%s", self.owner, self.name, code)

    def left(self) -> None:
        if self.room:
            self.room.remove(self)


class LobbyConsumer(BoundedConsumer):
    """A live list of the rows of `model`: who is in which document, and which rows appeared, changed or went.
    hub/lobby.py describes its messages. Ignores what it receives."""

    model: type[SharedModel]
    _visible: frozenset[str] | None = None

    async def authorize(self) -> Collection[Any] | bool | None:
        """Returns the keys of the rows whose people this person may see, or None for all. Raises Refused for anyone
        who may see none, or returns False. Called once: a row that appears later is sent as changed, with nothing but
        its key."""
        return None

    async def enter(self) -> None:
        async with self.shutting_out():
            keys = await self.authorize()
            if keys is False:
                raise PermissionDenied
            if keys is not None and keys is not True:
                self._visible = frozenset(map(str, keys))
            self.hub.lobby.watch(name_of(self.model), self.tell)

    def tell(self, news: dict[str, Any]) -> None:
        if self._visible is not None and news.get("people"):
            news = {"people": {pk: people for pk, people in news["people"].items() if pk in self._visible}}
            if not news["people"]:
                return
        text = json.dumps(news)
        self.enqueue({"type": "websocket.send", "text": text}, len(text))

    def left(self) -> None:
        self.hub.lobby.leave(self.tell)
