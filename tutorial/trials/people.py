"""People without a browser, on the note of a reader's server: each has a replica of its own, and reads when it waits.

What comes in is checked before the CRDT library sees it, since some of what is sent in an attack would crash it here
as it does on the server. A browser could not take in such a frame either.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from channels_yjs.testing.client import Client
from channels_yjs.wire.lib0 import ProtocolError
from channels_yjs.wire.messages import CloseCode, Message, SyncStatus, SyncStep2, decode, encode

PATIENCE_SECONDS = 60.0  # before somebody gives up waiting
QUESTION = SyncStatus(b"saved?")


class Person(Client):
    def __init__(self, name: str) -> None:
        super().__init__("title", "body")
        self.name = name
        self.has_opened = self.is_answered = False
        self.trouble = ""  # what became of the connection, after its name in a sentence
        self._line: ClientConnection | None = None

    def open(self, url: str) -> bool:
        """Returns whether the note came, and could be read."""
        try:
            self._line = connect(url, proxy=None, open_timeout=PATIENCE_SECONDS, ping_interval=None, max_size=None)
        except (OSError, WebSocketException) as error:
            self.trouble = f"could not be opened ({error})"
            return False
        self.say = self._say
        self.greet()
        return self._until(lambda: self.has_opened or bool(self.trouble)) and not self.trouble

    def reads(self, word: str) -> bool:
        return self._until(lambda: word in self.text)

    def is_told_saved(self) -> bool:
        """Asks whether all that was sent is saved. Returns False if there is no answer."""
        self.is_answered = False
        self.send(QUESTION)
        return self._until(lambda: self.is_answered)

    def send_bytes(self, frame: bytes) -> None:
        if self._line:
            with suppress(ConnectionClosed):  # which is heard of when it next waits
                self._line.send(frame)

    def leave(self) -> None:
        if self._line:
            self._line.close_socket()

    def _say(self, message: Message) -> None:
        self.send_bytes(encode(message))

    def _until(self, condition: Callable[[], bool]) -> bool:
        if not self._line:
            return False
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if self.trouble:
                return False
            try:
                frame = self._line.recv(timeout=max(deadline - time.monotonic(), 0), decode=False)
            except TimeoutError:
                self.trouble = f"brought nothing for {PATIENCE_SECONDS:.0f} s"
                return False
            except ConnectionClosed as closed:
                self.trouble = describe(closed)
                return False
            self._take(bytes(frame))
        return True

    def _take(self, frame: bytes) -> None:
        try:
            message = decode(frame)
            self.hear(message)
        except (ProtocolError, RuntimeError, ValueError) as error:
            self.trouble = f"brought something unreadable ({error})"
            return
        self.has_opened = self.has_opened or isinstance(message, SyncStep2)
        self.is_answered = self.is_answered or message == QUESTION


def describe(closed: ConnectionClosed) -> str:
    if not closed.rcvd:
        return "broke"
    ours = {int(code): code.name.lower().replace("_", " ") for code in CloseCode}
    code = closed.rcvd.code
    return f"was closed with {f'{code} ({ours[code]})' if code in ours else closed.rcvd}"
