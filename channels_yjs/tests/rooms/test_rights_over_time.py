"""Random histories of rights: two people on two processes write while their rights come and go, code edits the same
text and saves rows that it loaded long ago, processes die, and every frame is on its way for a while. In any order,
nothing is stored that arrived from somebody who might not write then, and nobody is told anything after they were
put out. And nothing is doubled, or lost of those who might write: each word is stored once, or has been handed back
to its page.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from channels.db import database_sync_to_async
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from channels_yjs.access import recheck
from channels_yjs.editing import aedit
from channels_yjs.hub.doorbell import EVERYONE
from channels_yjs.hub.hub import Hub
from channels_yjs.log import store
from channels_yjs.log.replica import Replica
from channels_yjs.models import Document
from channels_yjs.testing.peers import PATIENCE_SECONDS, Peer, until
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import NAMES, create_note, room_of
from channels_yjs.wire import messages
from channels_yjs.wire.messages import (
    Access,
    AccessStatus,
    CloseCode,
    SyncStatus,
    SyncStep2,
    SyncUpdate,
    decode,
    encode,
)

WORD = re.compile(r"<\d+>")
OFTEN = ["write", "ask", "send", "send", "hear", "hear", "wait"]
SELDOM = ["give", "take", "put out", "edit", "save", "die"]
histories = st.lists(
    st.tuples(st.sampled_from([*OFTEN, *OFTEN, *SELDOM]), st.integers(0, 1)), min_size=5, max_size=50
)


class Page(Peer):
    """Does what a page of ours does when it is told what it may do. Frames wait until they are sent, or heard."""

    is_told_access = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.up: deque[messages.Message] = deque()
        self.down: deque[bytes] = deque()
        self.believes = Access.WRITE
        self.written: list[str] = []
        self.questions: list[int] = []  # for each, how many words had been written
        self.taken: set[str] = set()  # words that arrived while they might be written
        self.handed_back: set[str] = set()
        self.is_refused = self.is_put_out = False
        self.is_in_step = True  # what was written is on its way, or has arrived

    def _tell_room(self, message: messages.Message) -> None:
        self.up.append(message)

    def deliver(self, frame: bytes) -> None:
        assert not self.is_put_out, "somebody who was put out is told something"
        self.down.append(frame)

    def write(self, word: str) -> None:
        if self.believes is Access.WRITE and self.room:
            self.written.append(word)
            self.type(word, at=0)

    def ask(self) -> None:
        """As a page of ours does, not before it has told a new process what it has."""
        if not self.is_in_step:
            return
        self.questions.append(len(self.written))
        self.send(SyncStatus((len(self.questions) - 1).to_bytes(4)))

    def send_one(self) -> None:
        if self.up and self.room:
            message = self.up.popleft()
            if isinstance(message, SyncStep2 | SyncUpdate) and self.room._rights[self].access is Access.WRITE:
                self.taken |= set(WORD.findall(message.update.decode("latin-1")))
            self.room.receive(self, decode(encode(message)))

    def hear_one(self) -> None:
        if not self.down:
            return
        frame = self.down.popleft()
        match decode(frame):
            case AccessStatus(access, is_lost) as status:
                self.believes = access
                self.send(status)
                if is_lost:
                    self.hand_back()
                    self.is_refused = True
            case SyncStatus(payload):
                self.saved = max(self.saved, self.questions[int.from_bytes(payload)])
            case messages.SyncStep1() as question:
                self.hear(question)
                self.is_in_step = True
            case _:
                super().deliver(frame)

    def hand_back(self) -> None:
        self.handed_back |= set(WORD.findall(self.text))

    def lose_the_line(self) -> None:
        self.cut()
        self.is_in_step = False
        self.up.clear()
        self.down.clear()


class Person:
    """Opens the document again when the server has not taken everything, or lets them in again."""

    def __init__(self, name: str, hub: Hub, note: Note) -> None:
        self.name, self.hub, self.note = name, hub, note
        self.pages: list[Page] = []

    @property
    def page(self) -> Page:
        return self.pages[-1]

    async def open(self, access: Access = Access.WRITE) -> None:
        self.pages.append(Page(self.name))
        self.page.access = access
        await self.page.join(self.hub, self.note)

    async def hear(self) -> None:
        self.page.hear_one()
        if self.page.is_refused:
            access = self.page.access
            self.page.cut()
            await self.open(access)

    async def is_put_out(self) -> None:
        """And let in again."""
        access = self.page.access
        self.page.hand_back()
        self.page.shut(CloseCode.NOT_ALLOWED, "These notes are for members.")
        self.page.is_put_out = True
        await self.open(access)


class Code:
    """Edits the text, and saves a row that it holds since the beginning."""

    def __init__(self, note: Note) -> None:
        self.note, self.written = note, list[str]()

    async def edit(self, word: str) -> None:
        async with aedit(self.note) as draft:
            draft["body"].insert(0, word)
        self.written.append(word)

    async def save(self, word: str) -> None:
        self.note.text += word
        await self.note.asave()
        self.written.append(word)


@example([("write", 0), ("write", 0), ("take", 0), ("die", 0), ("ask", 0)])
@given(histories)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_is_stored_of_who_may_not_write_and_nothing_lost_of_who_may(
    start_hub: Callable[[], Hub], transactional_db: None, history: list[tuple[str, int]]
) -> None:
    hubs = [start_hub(), start_hub()]
    await until(lambda: all(EVERYONE in hub.doorbell._joined for hub in hubs), "both processes listen")
    note = await database_sync_to_async(create_note)()
    people = [Person(name, hub, note) for name, hub in zip(("Ada", "Grace"), hubs, strict=True)]
    for person in people:
        await person.open()
    code = Code(await Note.objects.aget(pk=note.pk))
    for number, (verb, who) in enumerate(history):
        match verb:
            case "edit":
                await code.edit(f"<{number}>")
            case "save":
                await code.save(f"<{number}>")
            case "die":
                await die(people[who], start_hub)
            case _:
                await do(verb, people[who], f"<{number}>")
    await settle(people)
    for person in people:
        await person.hub.close()
    words = WORD.findall(await stored_text(note))
    stored = set(words)
    assert len(stored) == len(words), "a word is doubled"
    pages = [page for person in people for page in person.pages]
    assert not [page.closed for page in pages if page.closed and not page.is_put_out], "an honest page is closed"
    allowed = set(code.written).union(*(page.taken for page in pages))
    assert stored <= allowed, "a word is stored that was not allowed"
    assert set(code.written) <= stored, "a word of the code has vanished"
    for page in pages:
        assert set(page.written) <= stored | page.handed_back, "a word has vanished"
        assert set(page.written[: page.saved]) <= stored, "a word was called saved and is not"


async def do(verb: str, person: Person, word: str) -> None:
    match verb:
        case "write":
            person.page.write(word)
        case "ask":
            person.page.ask()
        case "send":
            person.page.send_one()
        case "hear":
            await person.hear()
        case "give" | "take":
            person.page.access = Access.WRITE if verb == "give" else Access.READ
            await database_sync_to_async(recheck)(person.note)
        case "put out":
            await person.is_put_out()
        case "wait":
            await asyncio.sleep(0.002)


async def die(person: Person, start_hub: Callable[[], Hub]) -> None:
    """The process of a person is killed, and they find another. What was on its way is gone."""
    person.page.lose_the_line()
    await person.hub.close()
    person.hub = start_hub()
    await until(lambda: EVERYONE in person.hub.doorbell._joined, "the new process listens")
    await person.page.mend(person.hub)


async def settle(people: list[Person]) -> None:
    """Until all rings are heard, all frames have arrived, and all is judged and saved."""

    def is_settled() -> bool:
        rooms: list[Any] = [room_of(person.hub, person.note) for person in people]
        return (
            all(room._rights[p.page].access is p.page.access for room, p in zip(rooms, people, strict=True))
            and not any(room._suspects or room._intake or room._jobs._running for room in rooms)
            and not any(person.page.up or person.page.down for person in people)
        )

    calm = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while calm < 3:
            for person in people:
                while person.page.up and person.page.room:
                    person.page.send_one()
                while person.page.down:
                    await person.hear()
            await asyncio.sleep(0.002)
            calm = calm + 1 if is_settled() else 0


async def stored_text(note: Note) -> str:
    def read() -> str:
        return Replica(NAMES, store.read(Document.objects.find(note).pk)).texts["body"]

    text: str = await database_sync_to_async(read)()
    return text
