"""A crowd of scripted writers, in a thread of their own: they type, lose the connection, come back, and keep a
record.

A CrowdPeer is one person's replica, and behaves on the wire as the page does: it asks for what it lacks, answers
questions, asks whether everything is saved, and reconnects by itself unless it was sent away for good. Every word it
types is unique and goes into the text as a whole and between two others, so its bytes stay together in every update:
there it is looked for. To look through the whole text takes many times as long as to apply what has come.

Invariant: `owed` only ever grows. A word is owed once the server has reported it as saved, or has shown it to anybody
but its author.
"""

import asyncio
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from channels_yjs.testing.client import Client
from channels_yjs.wire import messages
from channels_yjs.wire.messages import (
    FOR_GOOD,
    Awareness,
    AwarenessEntry,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)
from e2e.support.lines import patient_async
from tools.patience import patience

WORD = re.compile(r"<[\w-]+>")
WORD_IN_UPDATE = re.compile(WORD.pattern.encode())
LAST_ENDS = 20  # of words, behind which the next one may go
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.1, 2.5  # the same as y-websocket's
LOOK_AGAIN_SECONDS = 0.02
NEWS_SECONDS = 1.0
RECEIVE_BUFFER = 128 * 1024  # bytes that the system buffers for a writer who does not read; Linux may buffer 32 MiB
MOST_SECONDS = 600.0  # nothing in the crowd's thread takes so long
OFFLINE = (OSError, TimeoutError, WebSocketException)


class CrowdPeer(Client):
    def __init__(self, name: str, urls: Sequence[str], pause: float) -> None:
        super().__init__("body")
        self.name = name
        self.urls = urls
        self.pause = pause  # seconds between two words, on average
        self.session = ""  # the key of a session, if it is logged in
        self.typed: list[str] = []
        self.words: set[str] = set()  # all that it has typed or been sent
        self.owed: set[str] = set()
        self.closed: list[int] = []  # the close codes of its connections
        self.is_synced = False
        self.told = 0  # how often it was told who is here
        self.greetings: list[str] = []  # its own
        self.greeted: set[str] = set()  # by others: their states
        self.reads = asyncio.Event()
        self.reads.set()
        self._asked: dict[bytes, int] = {}  # questions, and the number of words typed by then

    def words_of_others(self) -> set[str]:
        return self.words - set(self.typed)

    @property
    def has_saved(self) -> bool:
        return self.owed >= set(self.typed)

    @property
    def is_sent_away(self) -> bool:
        return bool(self.closed) and self.closed[-1] in FOR_GOOD

    # Writing

    async def write(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(0, 2 * self.pause))
            self.type_word()

    def type_word(self, length: int = 0) -> str:
        word = f"<{self.name}-{len(self.typed)}{'x' * length}>"
        self.typed.append(word)
        self.words.add(word)
        self.body.insert(random.choice(self._last_ends()), word)
        self._ask()
        return word

    def say_hello(self) -> None:
        """Says that it is here, each time in other words."""
        self.greetings.append(f'{{"user":{{"name":"{self.name}-{len(self.greetings)}"}}}}')
        self.send(Awareness((AwarenessEntry(self.doc.client_id, len(self.greetings), self.greetings[-1]),)))

    def _last_ends(self) -> list[int]:
        """The places between two words of anybody. The text is ASCII, so bytes and characters are the same."""
        text = self.text
        ends = [text.rfind(">") + 1]
        while ends[-1] and len(ends) < LAST_ENDS:
            ends.append(text.rfind(">", 0, ends[-1] - 1) + 1)
        return ends

    # The line

    async def stay_connected(self) -> None:
        retry_seconds, way = FIRST_RETRY_SECONDS, 0
        while not self.is_sent_away:
            url = self.urls[way % len(self.urls)]
            line = patient_async(url, max_size=None, close_timeout=1, **credentials(url, self.session))
            try:
                async with line as connection:
                    retry_seconds = FIRST_RETRY_SECONDS
                    await self._converse(connection)
            except OFFLINE:
                pass
            finally:
                if hasattr(line, "connection"):
                    line.connection.transport.abort()  # closing may have been cancelled, too
            await asyncio.sleep(retry_seconds)
            retry_seconds = min(2 * retry_seconds, LAST_RETRY_SECONDS)
            way += 1  # the next time through another process

    async def _converse(self, connection: ClientConnection) -> None:
        line: socket.socket = connection.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self.say = lambda message: outgoing.put_nowait(messages.encode(message))
        self.greet()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_all(connection, outgoing))
                tasks.create_task(self._receive_all(connection))
        except* ConnectionClosed as group:
            for error in group.exceptions:
                self.closed.append(error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else 1006)
        finally:
            self.say, self.is_synced = None, False

    async def _send_all(self, connection: ClientConnection, outgoing: asyncio.Queue[bytes]) -> None:
        while True:
            await connection.send(await outgoing.get())

    async def _receive_all(self, connection: ClientConnection) -> None:
        while True:
            await self.reads.wait()
            frame = await connection.recv()
            assert isinstance(frame, bytes)
            self._receive(messages.decode(frame))

    def _receive(self, message: messages.Message) -> None:
        self.hear(message)
        match message:
            case SyncStep1():
                self._ask()
            case SyncStep2(update) | SyncUpdate(update):
                self.is_synced = True
                own, came = f"<{self.name}-", [word.decode() for word in WORD_IN_UPDATE.findall(update)]
                self.words.update(came)
                self.owed.update(word for word in came if not word.startswith(own))
            case Awareness(entries):
                self.told += 1
                self.greeted.update(entry.state for entry in entries)
            case SyncStatus(payload):
                self.owed.update(self.typed[: self._asked.pop(payload, 0)])

    def _ask(self) -> None:
        question = SyncStatus(len(self.typed).to_bytes(4))
        self._asked[question.payload] = len(self.typed)
        self.send(question)


class Crowd:
    """Writers on one note. Everything here may be called from the test's thread."""

    def __init__(self) -> None:
        self.writers: list[CrowdPeer] = []
        self._left: list[CrowdPeer] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writing: dict[CrowdPeer, asyncio.Task[None]] = {}
        self._lines: dict[CrowdPeer, asyncio.Task[None]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.run(self._end([*self._writing.values(), *self._lines.values()]))
        self.run(asyncio.sleep(LOOK_AGAIN_SECONDS))  # lets the sockets close
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def join(
        self, number: int, *urls: str, pause: float = 0.08, writes: bool = True, sessions: Sequence[str] = ()
    ) -> list[CrowdPeer]:
        """Adds this many people, spread over the addresses. Returns once they all have the note."""
        start = len(self.writers) + len(self._left)
        new = [
            CrowdPeer(f"w{index}", [*urls[index % len(urls) :], *urls[: index % len(urls)]], pause)
            for index in range(start, start + number)
        ]
        for writer, session in zip(new, sessions, strict=False):
            writer.session = session
        self.writers += new
        self.run(self._start(new, writes))
        self.until(lambda: all(writer.is_synced for writer in new), "everybody has joined")
        return new

    def pause(self, writers: Sequence[CrowdPeer] | None = None) -> None:
        """Makes these writers, or all, stop writing, and stay."""
        chosen = self.writers if writers is None else writers
        self.run(self._end([self._writing.pop(writer) for writer in chosen if writer in self._writing]))

    def come_back(self, writer: CrowdPeer) -> None:
        """Has one who was sent away try again."""
        self.run(self._end([self._lines.pop(writer)]))
        writer.closed.clear()
        self.run(self._start([writer], writes=False))

    def leave(self, writers: Sequence[CrowdPeer]) -> None:
        """Makes these writers go home. Their record is kept."""
        self.run(self._end([tasks.pop(w) for tasks in (self._writing, self._lines) for w in writers if w in tasks]))
        self._left += writers
        self.writers = [writer for writer in self.writers if writer not in writers]

    def do(self, function: Callable[[], Any]) -> Any:
        """Calls a function in the crowd's thread, where the writers live."""

        async def call() -> Any:
            return function()

        return self.run(call())

    @property
    def owed(self) -> set[str]:
        """The words that anybody was shown of others or had acknowledged."""
        owed: set[str] = self.do(self._owed)
        return owed

    @property
    def typed(self) -> set[str]:
        typed: set[str] = self.do(lambda: {word for writer in self._everybody() for word in writer.typed})
        return typed

    def wait(self, seconds: float) -> None:
        """Lets a fault last."""
        time.sleep(seconds)

    def has_news(self) -> bool:
        """Whether anything has been shown or promised to anybody within the last second."""
        before = len(self.owed)
        time.sleep(NEWS_SECONDS)
        return len(self.owed) > before

    def expect_nothing_lost(self, *urls: str, owed: set[str] | None = None) -> None:
        """A newcomer finds everything that anybody is owed, through each of these addresses."""
        owed = self.owed if owed is None else owed
        for url in urls:
            missing = owed - set(WORD.findall(self.read(url)))
            assert not missing, f"{len(missing)} of {len(owed)} words are lost, such as {sorted(missing)[:5]}"

    def read(self, url: str) -> str:
        """Returns the text that a newcomer reads."""
        text: str = self.run(_read(url))
        return text

    def expect_converged(self, by_others: Iterable[str] = ()) -> str:
        """Everybody stops writing, and then all read the same, with every word once; also those of others."""
        self.pause()
        typed = self.typed.union(by_others)
        self.until(
            lambda: all(writer.is_synced and writer.words >= typed for writer in self.writers),
            "everybody has every word",
        )
        self.until(lambda: len({writer.text for writer in self.writers}) == 1, "all read the same")
        self.until(lambda: self._owed() == typed, "all of it is saved")
        text: str = self.writers[0].text
        assert sorted(WORD.findall(text)) == sorted(typed), "a word is lost, or there twice"
        assert not set("<>") & set(WORD.sub("", text)), "a word is broken"
        return text

    def until(self, condition: Callable[[], bool], claim: str) -> None:
        """Waits for something about the writers that must come true."""
        self.until_true(lambda: bool(self.do(condition)), claim)

    def until_quiet(self) -> None:
        """Waits until nobody is shown or promised anything new. Everybody asks first who is here, which needs no
        database: what was said before the answer has come, too."""

        def ask() -> dict[CrowdPeer, int]:
            told = {writer: writer.told for writer in self.writers}
            for writer in told:
                writer.send(QueryAwareness())
            return told

        before = self.do(ask)
        self.until(lambda: all(writer.told > told for writer, told in before.items()), "the server answers everybody")
        self.until_true(lambda: not self.has_news(), "there are no more news")

    def until_news(self) -> None:
        """Waits until something is shown or promised again."""
        self.until_true(self.has_news, "there are news")

    def until_true(self, condition: Callable[[], bool], claim: str) -> None:
        """Waits for something else: the condition is looked at in the test's thread."""
        seconds = patience.script_seconds
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                state = self.do(self._state)
                raise AssertionError(
                    f"Not true within {seconds:.0f} s: {claim}. (name, synced, typed, has, closed): {state}"
                )
            time.sleep(LOOK_AGAIN_SECONDS)

    def _state(self) -> list[tuple[Any, ...]]:
        return [(w.name, w.is_synced, len(w.typed), len(w.words), w.closed[-3:]) for w in self.writers]

    def _everybody(self) -> list[CrowdPeer]:
        return self.writers + self._left

    def _owed(self) -> set[str]:
        return set().union(*(writer.owed for writer in self._everybody()))

    async def _start(self, writers: Sequence[CrowdPeer], writes: bool) -> None:
        self._lines.update((writer, asyncio.create_task(writer.stay_connected())) for writer in writers)
        if writes:
            await self._start_writing(writers)

    async def _start_writing(self, writers: Sequence[CrowdPeer]) -> None:
        self._writing.update((writer, asyncio.create_task(writer.write())) for writer in writers)

    async def _end(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        left = set(tasks)
        while left:  # Python 3.11 may lose a cancellation that meets another error in a task group
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=LOOK_AGAIN_SECONDS)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(MOST_SECONDS)


def credentials(url: str, session: str) -> dict[str, Any]:
    """What a browser sends of a session, as options for a WebSocket."""
    if not session:
        return {}
    origin = f"http://{urlsplit(url).netloc}"
    return {"origin": origin, "additional_headers": {"Cookie": f"notes_session={session}"}}


async def _read(url: str) -> str:
    """The note as a newcomer reads it: the server's answer to an empty state vector."""
    reader = Client("body")
    async with asyncio.timeout(patience.script_seconds), patient_async(url, max_size=None) as connection:
        await connection.send(messages.encode(SyncStep1(b"\x00")))
        while True:
            frame = await connection.recv()
            assert isinstance(frame, bytes)
            message = messages.decode(frame)
            if isinstance(message, SyncStep2):
                reader.hear(message)
                return reader.text
