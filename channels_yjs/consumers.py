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

from channels.db import aclose_old_connections
from django import db
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import QuerySet

from .connections.bounded import BoundedConsumer
from .log.store import DocumentError
from .models import SharedModel
from .rooms.room import Room
from .wire.messages import CloseCode, ProtocolError, Refused, decode

__all__ = ["DocumentConsumer", "LobbyConsumer", "Refused"]

logger = logging.getLogger(__name__)


class DocumentConsumer(BoundedConsumer):
    """One person's line to the document of one row of `queryset`, found by the URL's keyword arguments."""

    queryset: QuerySet[Any]
    room: Room | None = None

    async def find_owner(self) -> SharedModel:
        """Raises the DoesNotExist of its model. No more of the row is needed than `authorize` wants to know."""
        owner: SharedModel = await self.hub.read(self.queryset.get, **self.scope["url_route"]["kwargs"])
        return owner

    async def authorize(self, owner: Any) -> None:
        """Lets everybody in. Override it, and raise Refused(4403, "…") for who may not; `self.scope["user"]` is known
        inside an AuthMiddlewareStack. Asked once, before anything is sent."""

    @property
    def identity(self) -> str:
        """Of the document that the page was made for, as our pages say it. Other clients know only an address."""
        query: bytes = self.scope.get("query_string", b"")
        return parse_qs(query.decode("latin-1")).get("identity", [""])[0]

    async def enter(self) -> None:
        try:
            owner = await self.find_owner()
            await self.authorize(owner)
            self.room = await self.hub.join(owner, self, self.identity)
        except Refused as refused:
            self.shut(refused.code, refused.reason)
        except DocumentError as error:
            self.shut(error.code, error.reason)
        except (ObjectDoesNotExist, ValidationError, ValueError):  # the last two for what cannot be a key
            self.shut(CloseCode.NO_SUCH_DOCUMENT, "There is no such document.")
        except db.Error as error:
            logger.warning("join failed connection=%s error=%r", self.name, error)
            await aclose_old_connections()  # the one that `authorize` has used may be broken
            self.shut(CloseCode.TRY_AGAIN, "The database does not answer.")
        else:
            logger.info("connect owner=%s connection=%s", self.owner, self.name)

    @property
    def owner(self) -> str:
        """For the log: notes.note/1."""
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
    """For a live list of the rows of `model`: who is in which document, and which rows appeared, changed or
    went. What it sends is described in hub/lobby.py. Listens to nothing."""

    model: type[SharedModel]
    _visible: frozenset[str] | None = None

    async def authorize(self) -> Collection[Any] | None:
        """Returns the keys of the rows that this person may hear of, or None for all. Raises Refused for who may hear
        of none. Asked once: rows that appear later are told as changed, by their key and nothing else."""
        return None

    async def enter(self) -> None:
        try:
            keys = await self.authorize()
        except Refused as refused:
            self.shut(refused.code, refused.reason)
        except db.Error as error:
            logger.warning("lobby failed connection=%s error=%r", self.name, error)
            await aclose_old_connections()
            self.shut(CloseCode.TRY_AGAIN, "The database does not answer.")
        else:
            self._visible = None if keys is None else frozenset(map(str, keys))
            self.hub.lobby.watch(self.model._meta.label_lower, self.tell)

    def tell(self, news: dict[str, Any]) -> None:
        if self._visible is not None and news.get("people"):
            news = {"people": {pk: people for pk, people in news["people"].items() if pk in self._visible}}
            if not news["people"]:
                return
        text = json.dumps(news)
        self.enqueue({"type": "websocket.send", "text": text}, len(text))

    def left(self) -> None:
        self.hub.lobby.leave(self.tell)
