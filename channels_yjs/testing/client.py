"""A Yjs client without a connection: one person's replica, with what is typed in it, received and sent.

The connection is anything that takes its messages: a room in this process, a WebSocket, a list.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pycrdt import Doc, Text, TransactionEvent

from channels_yjs.wire.messages import Message, SyncStep1, SyncStep2, SyncUpdate
from channels_yjs.wire.updates import EMPTY_UPDATE


class Client:
    """Types into the last of its texts. Positions are in characters, as a person counts."""

    def __init__(self, *names: str, client_id: int | None = None) -> None:
        self.doc = Doc[Any](client_id=client_id)
        self.texts: dict[str, Text] = {}
        self.say: Callable[[Message], None] | None = None  # None while there is no connection
        self._is_hearing = False
        self._subscription = self.doc.observe(self._changed)
        self.share(names)

    def share(self, names: Iterable[str]) -> None:
        self.texts = {name: self.doc.get(name, type=Text) for name in names}

    @property
    def body(self) -> Text:
        return list(self.texts.values())[-1]

    @property
    def text(self) -> str:
        return str(self.body)

    def type(self, text: str, at: int | None = None) -> None:
        self.body.insert(self._bytes_before(len(self.text) if at is None else at), text)

    def erase(self, at: int, length: int) -> None:
        start, end = self._bytes_before(at), self._bytes_before(at + length)
        if end > start:
            del self.body[start:end]

    def greet(self) -> None:
        """Does what clients do at first: asks for what it lacks."""
        self.send(SyncStep1(self.doc.get_state()))

    def send(self, message: Message) -> None:
        if self.say:
            self.say(message)

    def hear(self, message: Message) -> None:
        match message:
            case SyncStep1(state_vector):
                self.send(SyncStep2(self.doc.get_update(state_vector)))
            case SyncStep2(update) | SyncUpdate(update) if update != EMPTY_UPDATE:
                self._is_hearing = True
                self.doc.apply_update(update)
                self._is_hearing = False

    def _bytes_before(self, position: int) -> int:
        return len(self.text[:position].encode())  # pycrdt counts UTF-8 bytes

    def _changed(self, event: TransactionEvent) -> None:
        if not self._is_hearing:
            self.send(SyncUpdate(event.update))
