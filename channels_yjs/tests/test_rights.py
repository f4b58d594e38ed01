"""Rights hold while they last: who may not read gets nothing, who may only read changes nothing, and a right that is
withdrawn ends its connections. Through the consumers of a project, on two processes."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer
from channels.routing import URLRouter
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.urls import path

from channels_yjs.access import Access, arecheck, recheck
from channels_yjs.connections import bounded
from channels_yjs.consumers import DocumentConsumer, LobbyConsumer, Refused
from channels_yjs.hub import hub as hub_module
from channels_yjs.hub.doorbell import EVERYONE
from channels_yjs.hub.hub import RECHECK_STEP, Hub, next_recheck
from channels_yjs.log import store
from channels_yjs.models import Update
from channels_yjs.rooms.room import QUESTIONS_AT_A_TIME
from channels_yjs.testing import hostile
from channels_yjs.testing.client import Client
from channels_yjs.testing.faulty_layer import FaultyChannelLayer
from channels_yjs.testing.peers import until
from channels_yjs.testing.sockets import Socket
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import NAMES, create_note, room_of
from channels_yjs.wire.messages import (
    AccessStatus,
    Awareness,
    AwarenessEntry,
    CloseCode,
    Message,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
    decode,
    encode,
)
from channels_yjs.wire.updates import EMPTY_UPDATE

GONE = Refused(4403, "You are not a member any more.")
MAY_NOT_WRITE = (4403, "You may read this, but not write.")
MALLORY = 666
PAUSE_SECONDS = 0.5

Answer = Access | Exception | Callable[[], Awaitable[Access]]


class Door(DocumentConsumer):
    """Answers for each person, who is named in the address, what the test says."""

    queryset = Note.objects.only("pk")
    rights: dict[str, Answer] = {}
    asked: Counter[str] = Counter()

    async def authorize(self, owner: Note) -> Access:
        who = self._parameter("who")
        self.asked[who] += 1
        answer = self.rights.get(f"{who} on {owner.pk}", self.rights.get(who, GONE))
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Access) else await answer()


class List(LobbyConsumer):
    model = Note
    keys: Any = None
    asked = 0

    async def authorize(self) -> Any:
        List.asked += 1
        if isinstance(self.keys, Exception):
            raise self.keys
        return self.keys


class Visitor(Client):
    """A scripted client on a socket. A page answers when it is told what it may do, and then heeds it."""

    def __init__(self, who: str, socket: Socket, *, is_page: bool) -> None:
        super().__init__(*NAMES)
        self.who, self.socket, self.is_page = who, socket, is_page
        self.heard: list[Message] = []
        self.closed: tuple[int, str] | None = None

    async def tell(self, *messages: Message) -> None:
        for message in messages:
            await self.socket.send_to(bytes_data=encode(message))

    async def hear_one(self) -> Message | None:
        """The next message; None if the connection is closed."""
        output = await self.socket.receive_output()
        if output["type"] == "websocket.close":
            self.closed = (output["code"], output["reason"])
            return None
        message = decode(output["bytes"])
        self.heard.append(message)
        match message:
            case SyncStep1(state_vector):
                await self.tell(SyncStep2(self.doc.get_update(state_vector)))
            case SyncStep2() | SyncUpdate():
                self.hear(message)
            case AccessStatus() if self.is_page:
                await self.tell(message)
        return message

    async def expect(self, kind: type[Message]) -> Any:
        while not isinstance(message := await self.hear_one(), kind):
            assert message is not None, f"{self.who} is closed: {self.closed}"
        return message

    async def expect_close(self) -> tuple[int, str]:
        while await self.hear_one() is not None:
            pass
        assert self.closed
        return self.closed

    async def expect_text(self, part: str) -> None:
        while part not in self.text:
            assert await self.hear_one() is not None, f"{self.who} is closed: {self.closed}"

    async def sync(self) -> None:
        await self.tell(SyncStep1(self.doc.get_state()))
        await self.expect(SyncStep2)

    async def expect_saved(self) -> None:
        question = SyncStatus(len(self.heard).to_bytes(4))
        await self.tell(question)
        while await self.expect(SyncStatus) != question:
            pass

    def write(self, text: str) -> SyncUpdate:
        """An update that is not sent."""
        state = self.doc.get_state()
        self.type(text)
        return SyncUpdate(self.doc.get_update(state))


Open = Callable[..., Any]


@pytest.fixture
async def processes(start_hub: Callable[[], Hub], monkeypatch: pytest.MonkeyPatch) -> list[Hub]:
    """Two, which hear each other. Sockets go to the first one, unless a test says otherwise."""
    hubs = [start_hub(), start_hub()]
    monkeypatch.setattr(bounded, "this_hub", lambda on_made: hubs[0])
    await until(lambda: all(EVERYONE in hub.doorbell._joined for hub in hubs), "both processes listen")
    return hubs


@pytest.fixture
async def visit(note: Note, processes: list[Hub], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """`ada = await visit("ada", Access.WRITE)`: a page that has synced, with this right."""
    sockets: list[Socket] = []
    doors = [path("by-title/<str:title>", Door.as_asgi()), path("<str:pk>", Door.as_asgi())]
    router = URLRouter([path("list", List.as_asgi()), *doors])
    monkeypatch.setattr(Door, "rights", {})
    monkeypatch.setattr(Door, "asked", Counter())

    async def visit(
        who: str,
        answer: Answer | None = None,
        *,
        via: int = 0,
        is_page: bool = True,
        is_synced: bool = True,
        at: Any = None,
    ) -> Visitor:
        if answer is not None:
            Door.rights[who] = answer
        monkeypatch.setattr(bounded, "this_hub", lambda on_made: processes[via])
        address = f"/{at or note.pk}?who={who}{'&access=1' if is_page else ''}"
        visitor = Visitor(who, Socket(router, address), is_page=is_page)
        sockets.append(visitor.socket)
        assert (await visitor.socket.connect())[0]
        if is_synced:
            await visitor.sync()
        return visitor

    yield visit
    for socket in sockets:
        await socket.disconnect()


async def change(note: Note, **rights: Answer) -> None:
    Door.rights.update(rights)
    await arecheck(note)


async def log_of(note: Note) -> list[bytes]:
    rows = Update.objects.filter(document__object_id=note.pk).order_by("seq").values_list("payload", flat=True)
    return [bytes(payload) async for payload in rows]


async def test_an_address_that_leads_to_another_row_now_ends_the_connection(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody may do with the one says nothing of the other, which they still have open. And their page must
    not come back by itself, with the old one's text."""
    ada = await visit("ada", Access.WRITE)
    other: Note = await database_sync_to_async(create_note)("Other")

    async def find_other(door: Door) -> Note:
        return other

    monkeypatch.setattr(Door, "find_owner", find_other)
    await change(note, ada=Access.WRITE)
    assert (await ada.expect_close())[0] == CloseCode.ANOTHER_DOCUMENT


# Readers


async def test_who_may_only_read_reads_along_and_is_told_so_before_anything_else(visit: Open) -> None:
    ada = await visit("ada", Access.WRITE)
    ada.type("Read this")
    await ada.tell(SyncStep2(ada.doc.get_update()))
    await ada.expect_saved()
    grace = await visit("grace", Access.READ)
    assert grace.text == "Read this"
    assert grace.heard[1] == AccessStatus(Access.READ)
    assert isinstance(grace.heard[0], SyncStep1)
    await ada.tell(ada.write(" too"))
    await grace.expect_text("Read this too")


async def test_a_client_that_did_not_ask_is_not_told_what_it_may_do(visit: Open, note: Note) -> None:
    grace = await visit("grace", Access.READ, is_page=False)
    await change(note, grace=Access.WRITE)
    await until(lambda: Door.asked["grace"] == 2, "she is asked again")
    await grace.expect_saved()
    assert not [message for message in grace.heard if isinstance(message, AccessStatus)]


@pytest.mark.parametrize("is_page", [True, False])
@pytest.mark.parametrize("kind", [SyncStep2, SyncUpdate])
async def test_what_a_reader_writes_is_neither_stored_nor_sent_on_and_closes_with_4403(
    visit: Open, note: Note, kind: Any, is_page: bool
) -> None:
    ada, mallory = await visit("ada", Access.WRITE), await visit("mallory", Access.READ, is_page=is_page)
    before = await log_of(note)
    await mallory.tell(SyncStatus(b"\x01"), kind(hostile.HI), SyncStatus(b"\x02"))
    assert await mallory.expect_close() == MAY_NOT_WRITE
    assert SyncStatus(b"\x02") not in mallory.heard
    ada.heard.clear()
    await ada.expect_saved()
    assert not [message for message in ada.heard if isinstance(message, SyncUpdate | SyncStep2)]
    assert await log_of(note) == before


async def test_a_reader_deletes_nothing(visit: Open, note: Note) -> None:
    ada = await visit("ada", Access.WRITE)
    await ada.tell(ada.write("Keep this"))
    await ada.expect_saved()
    before = await log_of(note)
    mallory = await visit("mallory", Access.READ)
    await mallory.tell(SyncUpdate(hostile.update([], hostile.deleted({ada.doc.client_id: [(0, 4)]}))))
    assert await mallory.expect_close() == MAY_NOT_WRITE
    assert await log_of(note) == before


async def test_every_malformed_frame_closes_a_reader(visit: Open, note: Note, settings: Any) -> None:
    """With 4400; with 4403 if only an attempt to apply the update would have shown what is wrong."""
    settings.YJS_MAX_CONNECTS_PER_SECOND = 10_000
    before = await log_of(note)
    Door.rights["mallory"] = Access.READ
    for name, frame in hostile.malformed().items():
        mallory = await visit("mallory", is_page=False, is_synced=False)
        await mallory.hear_one()  # what the page is sent at first, so that nothing but the frame goes to the server
        await mallory.socket.send_input({"type": "websocket.receive", "bytes": frame})
        code = CloseCode.NOT_ALLOWED if name == "a type in a type" else CloseCode.MALFORMED_FRAME
        assert (await mallory.expect_close())[0] == code, name
        await mallory.socket.disconnect()
    assert await log_of(note) == before


@pytest.mark.parametrize("name", hostile.unready())
async def test_updates_that_depend_on_nothing_close_a_reader_with_4403(visit: Open, note: Note, name: str) -> None:
    before = await log_of(note)
    mallory = await visit("mallory", Access.READ)
    await mallory.tell(SyncUpdate(hostile.unready()[name]))
    assert await mallory.expect_close() == MAY_NOT_WRITE
    assert await log_of(note) == before


async def test_every_frame_that_is_too_large_closes_a_reader_with_4413(visit: Open, note: Note) -> None:
    before = await log_of(note)
    for name, frame in hostile.oversize().items():
        mallory = await visit("mallory", Access.READ)
        await mallory.socket.send_to(bytes_data=frame)
        assert (await mallory.expect_close())[0] == CloseCode.TOO_LARGE, name
        await mallory.socket.disconnect()
    assert await log_of(note) == before


async def test_every_update_that_costs_most_closes_a_reader_with_4403(visit: Open, note: Note) -> None:
    ada = await visit("ada", Access.WRITE)
    before = await log_of(note)
    for name, update in hostile.nasty().items():
        mallory = await visit("mallory", Access.READ, is_page=False)
        await mallory.tell(SyncUpdate(update))
        assert await mallory.expect_close() == MAY_NOT_WRITE, name
        await mallory.socket.disconnect()
    await ada.expect_saved()
    assert await log_of(note) == before


@pytest.mark.parametrize("is_page", [True, False])
async def test_every_honest_update_of_a_reader_is_no_offence(visit: Open, note: Note, is_page: bool) -> None:
    """Clients answer with all that they have, with what is deleted, and some more than once."""
    ada, alan = await visit("ada", Access.WRITE), await visit("alan", Access.WRITE)
    for step, text in enumerate(("Tea at four", "😀 字 ß", "\n", "x" * 1000)):
        for visitor in (ada, alan):
            await visitor.tell(visitor.write(text))
            before = visitor.doc.get_state()
            visitor.erase(step, 3)
            await visitor.tell(SyncUpdate(visitor.doc.get_update(before)))
            await visitor.expect_saved()
    grace = await visit("grace", Access.READ, is_page=is_page)
    everything = grace.doc.get_update()
    for message in (
        SyncStep2(EMPTY_UPDATE),
        SyncUpdate(EMPTY_UPDATE),
        SyncStep2(everything),
        SyncUpdate(everything),
        SyncStep2(grace.doc.get_update(grace.doc.get_state())),
        SyncUpdate(ada.doc.get_update(grace.doc.get_state())),
    ):
        await grace.tell(message)
        await grace.expect_saved()
    await grace.sync()
    assert len(grace.text) > 1000


async def test_every_harmless_frame_of_a_reader_is_answered(visit: Open) -> None:
    mallory = await visit("mallory", Access.READ)
    for frame in hostile.harmless().values():
        await mallory.socket.send_to(bytes_data=frame)
        await mallory.expect_saved()


async def test_a_reader_who_knows_more_than_this_process_is_no_offender(
    no_regular_look: None, faulty_layer: FaultyChannelLayer, visit: Open, note: Note, processes: list[Hub]
) -> None:
    """They read it on another process, whose ring was lost, and come here."""
    stays = await visit("alan", Access.READ)
    ada, grace = await visit("ada", Access.WRITE, via=1), await visit("grace", Access.READ, via=1)
    faulty_layer.drop = 1.0
    await ada.tell(ada.write("Nobody rings for this"))
    await ada.expect_saved()
    await grace.expect(SyncUpdate)
    assert room_of(processes[0], note).replica.texts["body"] == ""
    comes = await visit("grace", is_synced=False)
    comes.hear(SyncUpdate(grace.doc.get_update()))
    await comes.sync()
    await comes.expect_saved()
    assert AccessStatus(Access.READ, is_lost=True) not in comes.heard
    assert room_of(processes[0], note).replica.texts["body"] == "Nobody rings for this"
    await stays.expect(SyncUpdate)


async def test_a_reader_that_floods_is_closed_and_nobody_else(visit: Open, note: Note) -> None:
    ada, mallory = await visit("ada", Access.WRITE), await visit("mallory", Access.READ)
    before = await log_of(note)
    forged = SyncUpdate(hostile.update([hostile.by(MALLORY, 0, [hostile.text("x" * 10_000)])]))
    await mallory.tell(*[forged] * 500)
    assert (await mallory.expect_close())[0] in (CloseCode.NOT_ALLOWED, CloseCode.TRY_AGAIN)
    await ada.expect_saved()
    assert await log_of(note) == before


async def test_a_reader_that_floods_with_what_it_may_send_is_closed_with_4429(
    visit: Open, note: Note, settings: Any
) -> None:
    ada = await visit("ada", Access.WRITE)
    settings.YJS_MAX_FRAMES_PER_SECOND = 10
    mallory = await visit("mallory", Access.READ, is_synced=False)
    await mallory.tell(*[SyncUpdate(ada.doc.get_update())] * 100)
    assert (await mallory.expect_close())[0] == CloseCode.FLOODING
    await ada.expect_saved()


async def test_a_member_of_one_document_gets_nothing_of_another(visit: Open, note: Note) -> None:
    other = await database_sync_to_async(create_note)("Another", "Secret")
    Door.rights = {f"ada on {note.pk}": Access.WRITE}
    assert (await visit("ada")).heard
    intruder = await visit("ada", at=other.pk, is_synced=False)
    await intruder.tell(SyncStep1(b"\x00"), SyncUpdate(hostile.HI))
    assert await intruder.expect_close() == (GONE.code, GONE.reason)
    assert intruder.heard == []


# Rights that change


async def test_a_right_that_is_withdrawn_ends_its_connections_in_every_process(visit: Open, note: Note) -> None:
    here, there = await visit("ada", Access.WRITE), await visit("ada", via=1)
    stays = await visit("grace", Access.WRITE, via=1)
    await change(note, ada=Refused(4403, "These minutes are for members."))
    for visitor in (here, there):
        assert await visitor.expect_close() == (4403, "These minutes are for members.")
    await stays.expect_saved()


async def test_a_recheck_is_of_one_document(visit: Open, note: Note) -> None:
    other = await database_sync_to_async(create_note)("Another")
    ada, grace = await visit("ada", Access.WRITE), await visit("grace", Access.WRITE, at=other.pk)
    await change(note)
    await until(lambda: Door.asked["ada"] == 2, "Ada is asked again")
    await grace.expect_saved()
    await ada.expect_saved()
    assert Door.asked["grace"] == 1


async def test_a_writer_becomes_a_reader_and_a_writer_again_in_place(visit: Open, note: Note) -> None:
    ada, grace = await visit("ada", Access.WRITE), await visit("grace", Access.WRITE, via=1)
    await change(note, ada=Access.READ)
    while await ada.expect(AccessStatus) != AccessStatus(Access.READ):
        pass
    await grace.tell(grace.write("Ada reads this"))
    await ada.expect_text("Ada reads this")
    await change(note, ada=Access.WRITE)
    assert await ada.expect(AccessStatus) == AccessStatus(Access.WRITE)
    await ada.tell(ada.write("And writes this. "))
    await grace.expect_text("And writes this. ")


async def test_keys_in_flight_are_not_taken_and_their_page_is_told(visit: Open, note: Note) -> None:
    ada, grace = await visit("ada", Access.WRITE), await visit("grace", Access.WRITE)
    before = await log_of(note)
    ada.is_page = False  # it has not seen the message yet
    await change(note, ada=Access.READ)
    while await ada.expect(AccessStatus) != AccessStatus(Access.READ):
        pass
    await ada.tell(ada.write("In flight"), SyncStatus(b"lost"))
    await grace.expect_saved()
    assert AccessStatus(Access.READ, is_lost=True) not in ada.heard
    await ada.tell(AccessStatus(Access.READ))
    assert await ada.expect(AccessStatus) == AccessStatus(Access.READ, is_lost=True)
    assert await ada.socket.receive_nothing()
    assert SyncStatus(b"lost") not in ada.heard
    assert await log_of(note) == before


async def test_what_was_written_offline_by_somebody_who_now_reads_is_not_taken_and_the_page_is_told(
    visit: Open, note: Note
) -> None:
    before = await log_of(note)
    ada = await visit("ada", Access.READ, is_synced=False)
    ada.type("Offline")
    while await ada.expect(AccessStatus) != AccessStatus(Access.READ, is_lost=True):
        pass
    assert await log_of(note) == before


async def test_what_is_written_after_the_answer_closes(visit: Open, note: Note) -> None:
    ada = await visit("ada", Access.WRITE)
    await change(note, ada=Access.READ)
    while await ada.expect(AccessStatus) != AccessStatus(Access.READ):
        pass
    await ada.tell(ada.write("Too late"))
    assert await ada.expect_close() == MAY_NOT_WRITE


async def test_a_stock_client_that_may_no_longer_write_is_closed_at_its_next_update(visit: Open, note: Note) -> None:
    ada = await visit("ada", Access.WRITE, is_page=False)
    await ada.tell(ada.write("x"))
    await ada.expect_saved()
    before = await log_of(note)
    await change(note, ada=Access.READ)
    await until(lambda: Door.asked["ada"] == 2, "she is asked again")
    await ada.expect_saved()
    await ada.tell(ada.write("y"))
    assert await ada.expect_close() == MAY_NOT_WRITE
    assert await log_of(note) == before


async def test_who_may_write_again_before_the_page_has_answered_loses_nothing(visit: Open, note: Note) -> None:
    ada, grace = await visit("ada", Access.WRITE), await visit("grace", Access.WRITE)
    ada.is_page = False
    await change(note, ada=Access.READ)
    while await ada.expect(AccessStatus) != AccessStatus(Access.READ):
        pass
    await ada.tell(ada.write("In flight"), SyncStatus(b"kept"))
    await grace.expect_saved()
    await change(note, ada=Access.WRITE)
    assert await ada.expect(SyncStatus) == SyncStatus(b"kept")
    await grace.sync()
    assert grace.text == "In flight"


async def test_an_update_that_waits_for_an_earlier_one_when_the_right_ends_is_lost(
    visit: Open, note: Note, processes: list[Hub]
) -> None:
    ada, room = await visit("ada", Access.WRITE), room_of(processes[0], note)
    ada.is_page = False
    await ada.tell(SyncUpdate(hostile.unready()["a gap"]), SyncStatus(b"lost"))
    await until(lambda: bool(room._intake._lacking), "she is asked for the earlier one")
    await change(note, ada=Access.READ)
    await until(lambda: all(right.access is Access.READ for right in room._rights.values()), "she may only read")
    await ada.tell(AccessStatus(Access.READ))
    while await ada.expect(AccessStatus) != AccessStatus(Access.READ, is_lost=True):
        pass
    assert await ada.socket.receive_nothing()
    assert SyncStatus(b"lost") not in ada.heard


async def test_a_reader_who_is_found_deaf_while_another_is_judged_closes_no_room(
    visit: Open, note: Note, processes: list[Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are told that the first one has left, which closes whoever reads nothing of it."""
    ada, room = await visit("ada", Access.WRITE), room_of(processes[0], note)
    monkeypatch.setattr(room, "look", lambda: None)
    for who in ("mallory", "trudy"):
        mallory = await visit(who, Access.READ)
        await mallory.tell(SyncUpdate(hostile.update([hostile.by(MALLORY, 0, [hostile.text(who)])])))
    await until(lambda: len(room._suspects) == 2, "both are suspects")

    def leave_both(*both: Any) -> None:
        for one in both:
            room.remove(one)

    suspects = list(room._suspects)
    for one in suspects:
        monkeypatch.setattr(one, "left", partial(leave_both, *suspects))
    room._judge()
    await ada.expect_saved()
    assert processes[0].rooms


async def test_rights_that_change_a_hundred_times_end_as_the_last_one_says(
    visit: Open, note: Note, processes: list[Hub]
) -> None:
    ada, grace = await visit("ada", Access.WRITE), await visit("grace", Access.WRITE, via=1)
    room = room_of(processes[0], note)
    for last in (Access.READ, Access.WRITE):
        for number in range(100):
            await change(note, ada=last if number % 2 else Access(1 - last))
        await until(lambda: {right.access for right in room._rights.values()} == {last}, f"{last} is what counts")  # noqa: B023
    await ada.tell(ada.write("Still here"))
    await grace.expect_text("Still here")


async def test_rechecks_in_a_row_cost_one_question_after_another(visit: Open, note: Note) -> None:
    answered, running = asyncio.Event(), 0
    most = 0

    async def answer() -> Access:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await answered.wait()
        running -= 1
        return Access.WRITE

    ada = await visit("ada", Access.WRITE)
    Door.rights["ada"] = answer
    for _ in range(100):
        await change(note)
    await until(lambda: running == 1, "she is asked")
    await ada.tell(SyncStep1(b"\x00"))
    await ada.expect(SyncStep2)
    answered.set()
    await until(lambda: running == 0, "all have been answered")
    await ada.expect_saved()
    assert most == 1
    assert Door.asked["ada"] < 10


class Questions:
    """Counts those that wait for an answer, which comes to all at once."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.asked = self.now = self.most = 0

    async def ask(self) -> None:
        self.asked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await self.answered.wait()
        self.now -= 1


async def test_of_many_who_are_asked_at_once_the_first_are_answered_soon(visit: Open, note: Note) -> None:
    questions = Questions()

    async def answer() -> Access:
        await questions.ask()
        return Access.WRITE

    people = [await visit(f"person {number}", Access.WRITE) for number in range(3 * QUESTIONS_AT_A_TIME)]
    for person in people:
        Door.rights[person.who] = answer
    await change(note)
    await until(lambda: questions.now == QUESTIONS_AT_A_TIME, "as many are asked as may be")
    questions.answered.set()
    await until(lambda: questions.now == 0 and all(Door.asked[person.who] > 1 for person in people), "all are asked")
    assert questions.most == QUESTIONS_AT_A_TIME


async def test_of_many_lists_that_ask_at_once_only_some_do(visit: Open, note: Note, monkeypatch: Any) -> None:
    """Or the questions of a thousand lists would all be before whatever else is read."""
    questions = Questions()

    async def answer(self: List) -> None:
        await questions.ask()

    watching = [await visit(f"person {n}", at="list", is_synced=False) for n in range(QUESTIONS_AT_A_TIME + 3)]
    for person in watching:
        await person.socket.receive_json_from()
    monkeypatch.setattr(List, "authorize", answer)
    await change(note)
    await until(lambda: questions.now == QUESTIONS_AT_A_TIME, "as many are asked as may be")
    questions.answered.set()
    await until(lambda: questions.asked == len(watching), "all are asked")
    assert questions.most == QUESTIONS_AT_A_TIME


@pytest.mark.parametrize(
    "answer",
    [ZeroDivisionError(), OperationalError("database is locked"), asyncio.CancelledError(), None],
    ids=repr,
)
async def test_nobody_keeps_a_right_by_an_error(visit: Open, note: Note, answer: Any) -> None:
    ada = await visit("ada", Access.WRITE)

    async def odd() -> Any:
        if isinstance(answer, asyncio.CancelledError):
            raise answer
        return answer

    await change(note, ada=answer if isinstance(answer, Exception) else odd)
    assert (await ada.expect_close())[0] == CloseCode.TRY_AGAIN


async def test_a_connection_to_the_database_that_has_become_stale_sends_nobody_away(visit: Open, note: Note) -> None:
    ada = await visit("ada", Access.WRITE)

    async def look() -> Access:
        return Access.WRITE if await Note.objects.filter(pk=note.pk).aexists() else Access.READ

    def cut() -> None:
        connection.ensure_connection()
        connection.connection.close()  # as a restart of the database does

    await sync_to_async(cut)()
    Door.rights["ada"] = look
    asked = Door.asked["ada"]
    await sync_to_async(recheck, thread_sensitive=False)(note)
    await until(lambda: Door.asked["ada"] >= asked + 2, "Ada is asked about once more")
    await ada.tell(ada.write("Here I am."))
    await ada.expect_saved()


who_comes: ContextVar[str] = ContextVar("who_comes", default="nobody")


async def test_each_is_asked_again_in_the_context_in_which_they_came(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A middleware may have put the tenant there, or the language."""
    asked: list[tuple[str, str]] = []
    come = Door.__call__

    async def come_as(self: Door, scope: Any, receive: Any, send: Any) -> None:
        who_comes.set(scope["query_string"].decode())
        await come(self, scope, receive, send)

    async def authorize(self: Door, owner: Note) -> Access:
        asked.append((self._parameter("who"), who_comes.get()))
        return Access.WRITE

    monkeypatch.setattr(Door, "__call__", come_as)
    monkeypatch.setattr(Door, "authorize", authorize)
    for who in ("ada", "grace"):
        await visit(who, Access.WRITE)
    at_the_door = sorted(asked)
    asked.clear()
    await change(note)
    await until(lambda: len(asked) == len(at_the_door), "both are asked again")
    assert sorted(asked) == at_the_door
    assert at_the_door[0][1] != at_the_door[1][1]


async def test_nobody_keeps_a_right_because_the_answer_is_slow(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await visit("ada", Access.WRITE)
    monkeypatch.setattr(bounded, "ANSWER_SECONDS", 0.05)

    async def never() -> Access:
        await asyncio.Event().wait()
        raise AssertionError

    await change(note, ada=never)
    told = "The server could not find out in time what you may do."
    assert await ada.expect_close() == (CloseCode.TRY_AGAIN, told)


async def test_what_is_open_to_all_stays_so_while_the_database_is_away(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For those who are in, and for newcomers; not where only the database knows which row it is."""
    monkeypatch.setattr(Door, "authorize", DocumentConsumer.authorize)
    ada = await visit("ada")

    async def fail(*args: Any) -> Any:
        raise OperationalError("away")

    for name in ("read", "read_shared"):
        monkeypatch.setattr(Hub, name, fail)
    await change(note)
    fence = await visit("alan", at="by-title/plans", is_synced=False)
    assert (await fence.expect_close())[0] == CloseCode.TRY_AGAIN
    await change(note)
    await ada.expect_saved()
    monkeypatch.setitem(Note._meta.get_field("text").__dict__, "_get_default", fail)  # it may be a query
    grace = await visit("grace")
    await ada.tell(ada.write("Come in!"))
    await grace.expect(SyncUpdate)


async def test_a_model_that_looks_at_its_fields_when_it_is_made_lets_everybody_in(
    visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Note.__init__

    def make_and_look(self: Note, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.title_before = self.title  # type: ignore[attr-defined]

    monkeypatch.setattr(Door, "authorize", DocumentConsumer.authorize)
    monkeypatch.setattr(Door, "queryset", Note.objects.all())
    monkeypatch.setattr(Note, "__init__", make_and_look)
    for name in ("ada", "grace"):
        await (await visit(name)).expect_saved()


async def test_a_row_that_somebody_no_longer_finds_is_closed_to_them(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`find_owner` may decide as well, and so may a queryset that depends on who asks."""
    found = {"ada": True}

    async def find_owner(self: Door) -> Note:
        return await Note.objects.aget(pk=note.pk if found["ada"] else 0)

    monkeypatch.setattr(Door, "authorize", DocumentConsumer.authorize)
    monkeypatch.setattr(Door, "find_owner", find_owner)
    ada = await visit("ada")
    found["ada"] = False
    await change(note)
    assert (await ada.expect_close())[0] == CloseCode.NO_SUCH_DOCUMENT


class Recent(QuerySet[Note]):
    def get(self, *args: Any, **kwargs: Any) -> Note:
        return QuerySet.get(self.filter(created_at__year__gte=2000), *args, **kwargs)


@pytest.mark.parametrize("how", ["filter", "class of its own", "other name"])
async def test_a_queryset_that_no_longer_finds_the_row_decides_as_well(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(Door, "authorize", DocumentConsumer.authorize)
    if how != "other name":
        recent = Recent(Note) if how == "class of its own" else Note.objects.filter(created_at__year__gte=2000)
        monkeypatch.setattr(Door, "queryset", recent)
        ada = await visit("ada")
        await Note.objects.filter(pk=note.pk).aupdate(created_at=datetime(1999, 1, 1, tzinfo=UTC))
    else:
        await Note.objects.filter(pk=note.pk).aupdate(title="plans")
        ada = await visit("ada", at="by-title/plans")
        await Note.objects.filter(pk=note.pk).aupdate(title="old plans")
    await change(note)
    assert (await ada.expect_close())[0] == CloseCode.NO_SUCH_DOCUMENT


async def test_nobody_is_judged_by_a_log_that_could_not_be_read(
    no_regular_look: None,
    faulty_layer: FaultyChannelLayer,
    visit: Open,
    note: Note,
    processes: list[Hub],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reader comes from another process and knows more than this one, whose database fails at that moment."""
    await visit("alan", Access.READ)
    ada, grace = await visit("ada", Access.WRITE, via=1), await visit("grace", Access.READ, via=1)
    faulty_layer.drop = 1.0
    await ada.tell(ada.write("Nobody rings for this"))
    await ada.expect_saved()
    await grace.expect(SyncUpdate)
    read, failures = store.read, list[str]()

    def fail_once(*args: Any, **kwargs: Any) -> Any:
        if not failures:
            failures.append("once")
            raise OperationalError("away")
        return read(*args, **kwargs)

    comes = await visit("grace", is_synced=False)
    monkeypatch.setattr(store, "read", fail_once)
    comes.hear(SyncUpdate(grace.doc.get_update()))
    await comes.sync()
    await comes.expect_saved()
    assert failures
    assert AccessStatus(Access.READ, is_lost=True) not in comes.heard
    assert room_of(processes[0], note).replica.texts["body"] == "Nobody rings for this"


@pytest.fixture
def is_rechecked_often(settings: Any) -> None:
    settings.YJS_RECHECK_SECONDS = 0.05


@pytest.mark.usefixtures("is_rechecked_often")
async def test_a_right_ends_without_any_ring(visit: Open, note: Note) -> None:
    ada = await visit("ada", Access.WRITE)
    Door.rights["ada"] = GONE
    assert await ada.expect_close() == (GONE.code, GONE.reason)


@pytest.fixture
def layer_is_there(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """While it is cleared, the channel layer fails as if Redis was away."""
    is_there = asyncio.Event()
    is_there.set()

    def fail_while_away(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any) -> Any:
            if not is_there.is_set():
                raise ConnectionError("away")
            return await method(*args)

        return call

    for name in ("new_channel", "group_add", "group_send"):
        monkeypatch.setattr(InMemoryChannelLayer, name, fail_while_away(getattr(InMemoryChannelLayer, name)))
    return is_there


@pytest.mark.parametrize("is_new", [True, False], ids=["from the beginning", "for a moment"])
async def test_a_right_that_ends_while_the_channel_layer_is_away_ends_once_it_is_back(
    is_new: bool,
    layer_is_there: asyncio.Event,
    visit: Open,
    note: Note,
    processes: list[Hub],
    start_hub: Callable[[], Hub],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.YJS_RECHECK_SECONDS = 3600.0
    monkeypatch.setattr(hub_module, "RECHECK_AFTER_OUTAGE", (0.0, 0.0))
    monkeypatch.setattr(hub_module, "RECHECK_STEP", 0.1 / 3600)
    if is_new:
        layer_is_there.clear()
    process = start_hub()
    processes.append(process)
    ada = await visit("ada", Access.WRITE, via=2)
    if not is_new:
        await until(lambda: EVERYONE in process.doorbell._joined, "it listens")
        layer_is_there.clear()
        process.ring_saved(room_of(process, note))
        await until(lambda: process.doorbell._is_out, "it notices that the layer is away")
    await change(note, ada=GONE)
    layer_is_there.set()
    process.ring_saved(room_of(process, note))
    assert await ada.expect_close() == (GONE.code, GONE.reason)


async def test_a_recheck_while_somebody_is_at_the_door_is_not_missed(visit: Open, note: Note) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow() -> Access:
        asked.set()
        await answered.wait()
        return Access.WRITE

    ada = await visit("ada", slow, is_synced=False)
    await asked.wait()
    await change(note, ada=GONE)
    grace = await visit("grace", Access.WRITE)  # a fence: by now the ring has been heard
    await change(note)
    await until(lambda: Door.asked["grace"] >= 2, "the ring is heard")
    answered.set()
    assert await ada.expect_close() == (GONE.code, GONE.reason)
    assert ada.heard == []
    await grace.expect_saved()


async def test_a_recheck_between_the_answer_and_the_room_is_not_missed(
    visit: Open, note: Note, processes: list[Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    grace = await visit("grace", Access.WRITE)
    opened, go_on, open_room = asyncio.Event(), asyncio.Event(), processes[0].open

    async def open_slowly(*args: Any) -> Any:
        opened.set()
        await go_on.wait()
        return await open_room(*args)

    monkeypatch.setattr(processes[0], "open", open_slowly)
    ada = await visit("ada", Access.WRITE, is_synced=False)
    await opened.wait()
    await change(note, ada=GONE)
    await until(lambda: Door.asked["grace"] == 2, "the ring is heard")
    go_on.set()
    assert await ada.expect_close() == (GONE.code, GONE.reason)
    assert ada.heard == []
    await grace.expect_saved()


# Lists


async def test_a_list_shows_whom_somebody_may_see_now(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await database_sync_to_async(create_note)("Another")
    here = {"name": "Ada", "color": "#123456"}
    for number, row in enumerate((note, other), start=1):
        ada = await visit("ada", Access.WRITE, at=row.pk)
        await ada.tell(Awareness((AwarenessEntry(number, 1, json.dumps({"user": here})),)))
        await ada.expect_saved()
    monkeypatch.setattr(List, "keys", {note.pk})
    lobby = (await visit("grace", at="list", is_synced=False)).socket
    assert await lobby.receive_json_from() == {"people": {str(note.pk): [here]}}
    monkeypatch.setattr(List, "keys", {other.pk})
    await change(note)
    both = [str(note.pk), str(other.pk)]
    assert await lobby.receive_json_from() == {"people": {both[0]: [], both[1]: [here]}, "changed": both}
    ada = await visit("ada", at=note.pk)
    await ada.tell(Awareness((AwarenessEntry(7, 1, json.dumps({"user": here})),)))
    await ada.expect_saved()
    monkeypatch.setattr(List, "keys", Refused(4403, "No lists for you."))
    await change(other)
    told = {"type": "websocket.close", "code": 4403, "reason": "No lists for you."}
    assert await lobby.receive_output() == told


async def test_a_list_is_told_who_is_here_also_if_that_is_nobody_it_may_see(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a reconnection it still shows those from before."""
    ada = await visit("ada", Access.WRITE)
    await ada.tell(Awareness((AwarenessEntry(1, 1, json.dumps({"user": {"name": "Ada", "color": "#123456"}})),)))
    await ada.expect_saved()
    monkeypatch.setattr(List, "keys", set())
    lobby = (await visit("grace", at="list", is_synced=False)).socket
    assert await lobby.receive_json_from() == {"people": {}}


async def test_a_list_hears_of_nothing_that_it_may_not_show(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even that there is a row, or that somebody writes in it; and of one that is new to it, once it may."""
    monkeypatch.setattr(List, "keys", {note.pk})
    lobby = (await visit("grace", at="list", is_synced=False)).socket
    assert await lobby.receive_json_from() == {"people": {}}
    secret = await Note.objects.acreate(title="Secret")
    for words in ("once", "twice"):
        secret.title += words
        await secret.asave()
    note.title = "Seen"
    await note.asave()
    assert await lobby.receive_json_from() == {"changed": [str(note.pk)]}
    shared = await database_sync_to_async(create_note)("Shared")
    monkeypatch.setattr(List, "keys", {note.pk, shared.pk})
    await arecheck(shared)
    assert await lobby.receive_json_from() == {"changed": [str(shared.pk)]}
    monkeypatch.setattr(List, "keys", {shared.pk})
    await arecheck(note)
    assert await lobby.receive_json_from() == {"changed": [str(note.pk)]}
    monkeypatch.setattr(List, "keys", None)
    await arecheck(note)
    assert await lobby.receive_json_from() == {"changed": []}


async def test_a_list_shows_a_row_that_is_made_while_it_is_open(
    visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(List, "keys", {note.pk})
    lobby = (await visit("grace", at="list", is_synced=False)).socket
    assert await lobby.receive_json_from() == {"people": {}}
    monkeypatch.setattr(List, "keys", {note.pk, note.pk + 1})  # of the row that is made now
    made = await Note.objects.acreate(pk=note.pk + 1, title="New")
    assert await lobby.receive_json_from() == {"changed": [str(made.pk)]}


@pytest.fixture
async def lobby_and_secret(visit: Open, note: Note, monkeypatch: pytest.MonkeyPatch) -> tuple[Socket, Note]:
    """An open list, and a row that it has asked about and may not show."""
    monkeypatch.setattr(List, "_pause_seconds", PAUSE_SECONDS)
    monkeypatch.setattr(List, "keys", {note.pk})
    monkeypatch.setattr(List, "asked", 0)
    lobby = (await visit("grace", at="list", is_synced=False)).socket
    assert await lobby.receive_json_from() == {"people": {}}
    secret = await Note.objects.acreate(title="Secret")
    await until(lambda: List.asked == 2, "it asks about the new row")
    return lobby, secret


async def test_a_list_shows_a_hidden_row_that_a_change_makes_visible(
    lobby_and_secret: tuple[Socket, Note], note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    lobby, secret = lobby_and_secret
    monkeypatch.setattr(List, "keys", {note.pk, secret.pk})
    await secret.asave()
    assert await lobby.receive_json_from() == {"changed": [str(secret.pk)]}


async def test_a_list_seldom_asks_about_hidden_rows_and_misses_no_change(
    lobby_and_secret: tuple[Socket, Note], note: Note, processes: list[Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    lobby, secret = lobby_and_secret
    [connection] = processes[0]._connections
    assert isinstance(connection, List)
    monkeypatch.setattr(List, "_pause_seconds", 3600.0)
    connection._paused_until = 0.0  # so the first change is asked about, and that begins another pause
    for _ in range(30):
        await secret.asave()
        await note.asave()  # a fence: the list has heard of both
        assert await lobby.receive_json_from() == {"changed": [str(note.pk)]}
    await until(lambda: List.asked == 3, "it asks once more")
    monkeypatch.setattr(List, "keys", {note.pk, secret.pk})
    connection._stop_timer()
    connection._paused_until = 0.0
    await secret.asave()
    assert await lobby.receive_json_from() == {"changed": [str(secret.pk)]}


async def test_a_list_that_is_closed_asks_nothing(
    lobby_and_secret: tuple[Socket, Note], processes: list[Hub]
) -> None:
    lobby, secret = lobby_and_secret
    [connection] = processes[0]._connections
    assert isinstance(connection, List)
    connection._paused_until += 60.0
    await secret.asave()
    await until(lambda: connection._timer is not None, "it is about to ask")
    await lobby.disconnect()
    assert connection._timer is None


async def test_each_connection_is_asked_again_within_the_period(settings: Any, note: Note) -> None:
    settings.YJS_RECHECK_SECONDS = 60.0
    now = asyncio.get_running_loop().time()
    due = [next_recheck() for _ in range(1000)]
    at_most_a_step_later = asyncio.get_running_loop().time() + 60 * (1 - RECHECK_STEP)
    assert now + 30 <= min(due) < max(due) <= at_most_a_step_later
