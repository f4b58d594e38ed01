"""The sockets themselves: addresses, origins, close codes, shutting down."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from channels.db import database_sync_to_async

from channels_yjs.connections import bounded
from channels_yjs.consumers import MOST_HIDDEN, LobbyConsumer
from channels_yjs.hub import limits
from channels_yjs.hub.doorbell import EVERYONE
from channels_yjs.hub.hub import this_hub
from channels_yjs.log import crdt, store
from channels_yjs.models import Document, Update
from channels_yjs.testing.peers import until
from channels_yjs.testing.sockets import Socket
from channels_yjs.tests.log.test_store import Typist
from channels_yjs.tests.project.asgi import NoteConsumer, application
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import create_note
from channels_yjs.wire import messages
from channels_yjs.wire.lib0 import ProtocolError
from channels_yjs.wire.messages import (
    Awareness,
    CloseCode,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)

Connect = Callable[..., Any]
OUR_PAGE = [(b"origin", b"http://localhost:8000")]


@pytest.fixture
async def connect(note: Note) -> AsyncIterator[Connect]:
    """Opens sockets to the whole ASGI application, and closes them when the test is over."""
    sockets: list[Socket] = []

    async def connect(path: str | None = None, headers: Any = OUR_PAGE) -> Socket:
        socket = Socket(application, path or f"/ws/notes/{note.pk}", headers)
        sockets.append(socket)
        is_accepted, _ = await socket.connect()
        assert is_accepted
        return socket

    yield connect
    for socket in sockets:
        await socket.disconnect()
    await this_hub().close()


async def receive(socket: Socket, kind: type) -> Any:
    while True:
        message = messages.decode(await socket.receive_from())
        if isinstance(message, kind):
            return message


async def close_of(socket: Socket) -> tuple[int, str]:
    while True:
        output = await socket.receive_output()
        if output["type"] == "websocket.close":
            return output["code"], output["reason"]


async def send(socket: Socket, message: messages.Message) -> None:
    await socket.send_to(bytes_data=messages.encode(message))


async def test_a_join_asks_and_answers(connect: Connect, note: Note) -> None:
    socket = await connect()
    await send(socket, SyncStep1(b"\x00"))
    step_2 = await receive(socket, SyncStep2)
    assert step_2.update == (await Update.objects.aget(document__object_id=note.pk)).payload


@pytest.mark.parametrize("query", ["", "?identity=", "?identity={identity}", "?other=1&identity={identity}"])
async def test_a_page_of_this_note_and_a_client_that_knows_only_its_number_get_in(
    connect: Connect, note: Note, query: str
) -> None:
    socket = await connect(
        f"/ws/notes/{note.pk}{query.format(identity=await database_sync_to_async(lambda: note.document_identity)())}"
    )
    assert await receive(socket, SyncStep1)


async def test_a_page_of_another_note_is_told_so_and_nothing_flows_either_way(connect: Connect, note: Note) -> None:
    """This holds while somebody is on the note, too, and whatever the page sends at once."""
    ada = await connect()
    await receive(ada, SyncStep1)
    stranger = await connect(f"/ws/notes/{note.pk}?identity={'0' * 32}")
    for message in (SyncStep1(b"\x00"), SyncUpdate(Typist().write("Of another note")), SyncStatus(b"\x01")):
        await send(stranger, message)
    told = await stranger.receive_output(timeout=5)
    assert told == {
        "type": "websocket.close",
        "code": 4409,
        "reason": "There is a different document at this address now.",
    }
    assert await stranger.receive_nothing()
    await send(ada, SyncStatus(b"\x02"))
    assert await receive(ada, SyncStatus) == SyncStatus(b"\x02")
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 1


@pytest.mark.parametrize("query", ["?identity=%ff%00", "?" + "&" * 10_000, "?identity=" + "x" * 60_000])
async def test_a_nonsensical_identity_is_that_of_another_note_or_none(
    connect: Connect, note: Note, query: str
) -> None:
    socket = await connect(f"/ws/notes/{note.pk}{query}")
    output = await socket.receive_output(timeout=5)
    assert output["type"] == "websocket.send" or output["code"] == 4409


async def test_a_note_with_a_gap_in_its_log_says_try_again_and_stays_as_it_is(
    connect: Connect, note: Note, caplog: pytest.LogCaptureFixture
) -> None:
    typist, document = Typist(), await Document.objects.aget(object_id=note.pk)
    for known, letter in enumerate("abc", start=1):
        await database_sync_to_async(store.append)({document.pk: store.Batch(known, typist.write(letter))})
    await Update.objects.filter(document__object_id=note.pk, seq=2).adelete()
    assert await close_of(await connect()) == (4503, "This document cannot be read at the moment.")
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage().startswith(
        f"The log of document {document.pk} is incomplete: it goes up to 1 without a gap,"
    )
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 3


async def test_an_update_is_sent_on_and_the_status_confirmed(connect: Connect) -> None:
    ada, grace = await connect(), await connect()
    update = Typist().write("Hello")
    await send(ada, SyncUpdate(update))
    await send(ada, SyncStatus(b"\x07"))
    assert await receive(grace, SyncUpdate) == SyncUpdate(update)
    assert await receive(ada, SyncStatus) == SyncStatus(b"\x07")


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ([], True),
        ([(b"origin", b"http://127.0.0.1:9000")], True),
        ([(b"origin", b"https://evil.example")], False),
        ([(b"origin", b"null")], False),
    ],
)
async def test_foreign_pages_are_refused_and_scripts_let_in(note: Note, headers: Any, is_let_in: bool) -> None:
    socket = Socket(application, f"/ws/notes/{note.pk}", headers)
    assert (await socket.connect())[0] is is_let_in
    await socket.disconnect()
    if is_let_in:
        await this_hub().close()


async def test_a_note_that_does_not_exist_is_closed_with_4404(connect: Connect) -> None:
    assert await close_of(await connect("/ws/notes/99999")) == (4404, "There is no such document.")


async def test_a_malformed_frame_closes_its_sender_with_4400_and_nobody_else(connect: Connect) -> None:
    ada, grace = await connect(), await connect()
    await ada.send_to(bytes_data=b"\x09\x09")
    assert await close_of(ada) == (4400, "There is no message of type 9.")
    await send(grace, SyncStatus(b"\x01"))
    assert await receive(grace, SyncStatus)


async def test_an_update_that_the_library_refuses_closes_its_sender(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await connect()

    def refuse(update: bytes) -> None:
        raise ProtocolError("The update cannot be read.")

    monkeypatch.setattr(crdt, "check_acceptable", refuse)
    await send(ada, SyncUpdate(Typist().write("x")))
    assert await close_of(ada) == (4400, "The update cannot be read.")


async def test_a_text_frame_closes_its_sender(connect: Connect) -> None:
    ada = await connect()
    await ada.send_to(text_data="hello")
    assert (await close_of(ada))[0] == CloseCode.MALFORMED_FRAME


async def test_a_frame_that_is_too_large_closes_its_sender_with_4413(connect: Connect, settings: Any) -> None:
    settings.YJS_MAX_FRAME_BYTES = 100
    ada = await connect()
    await ada.send_to(bytes_data=b"\x00" * 101)
    assert await close_of(ada) == (4413, "A frame may hold at most 100 bytes.")


async def test_a_reader_too_slow_is_closed_with_4503(note: Note, settings: Any) -> None:
    settings.YJS_MAX_QUEUED_BYTES = 2000
    reads, incoming = asyncio.Event(), asyncio.Queue[dict[str, Any]]()
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        await reads.wait()
        sent.append(message)

    reads.set()
    consumer = NoteConsumer()
    scope = {"type": "websocket", "url_route": {"kwargs": {"pk": str(note.pk)}}, "client": ["::1", 1]}
    running = asyncio.create_task(consumer(scope, incoming.get, send))
    incoming.put_nowait({"type": "websocket.connect"})
    await until(lambda: consumer.room is not None, "it has joined")
    reads.clear()
    for _ in range(100):
        consumer.deliver(b"x" * 40)
    assert consumer.room is not None
    assert consumer not in consumer.room.connections
    reads.set()
    await consumer.outbox.drained()
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", 4503)
    assert len([message for message in sent if message.get("bytes") == b"x" * 40]) < 10
    incoming.put_nowait({"type": "websocket.disconnect", "code": 4503})
    await running
    await this_hub().close()


async def test_a_flood_is_closed_with_4429(connect: Connect, settings: Any) -> None:
    settings.YJS_MAX_FRAMES_PER_SECOND = 10
    ada = await connect()
    for _ in range(100):
        await send(ada, QueryAwareness())
    assert await close_of(ada) == (4429, "This connection sends faster than the server can process.")


async def test_a_flood_leaves_others_their_turn(connect: Connect) -> None:
    ada, grace = await connect(), await connect()
    for _ in range(1000):
        await send(ada, QueryAwareness())
    await send(grace, SyncStatus(b"\x07"))
    await receive(grace, SyncStatus)
    assert ada.future.done() or ada.input_queue.qsize() > 0  # some had not been read by then


@pytest.mark.parametrize(
    ("limit", "allowed", "code"),
    [
        ("MAX_CONNECTIONS", 1, CloseCode.TRY_AGAIN),
        ("MAX_CONNECTIONS_PER_ADDRESS", 1, CloseCode.FLOODING),
        ("MAX_CONNECTS_PER_SECOND", 2, CloseCode.TRY_AGAIN),
    ],
)
async def test_too_many_connections_are_refused_with_a_code(
    connect: Connect, settings: Any, monkeypatch: pytest.MonkeyPatch, limit: str, allowed: int, code: CloseCode
) -> None:
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: 50.0))  # everything happens in one moment
    setattr(settings, f"YJS_{limit}", 1)
    for _ in range(allowed):
        assert await receive(await connect(), SyncStep1)
    assert (await close_of(await connect()))[0] == code


async def test_shutting_down_saves_what_waits_and_says_4503(note: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that goes down cancels its applications; Daphne does so on SIGTERM."""
    gate, append = threading.Event(), store.append

    def append_behind_the_gate(batches: Any) -> Any:
        gate.wait()
        return append(batches)

    monkeypatch.setattr(store, "append", append_behind_the_gate)
    socket = Socket(application, f"/ws/notes/{note.pk}", OUR_PAGE)
    await socket.connect()
    await send(socket, SyncUpdate(Typist().write("Just in time")))
    await send(socket, SyncStatus(b"\x01"))
    await send(socket, QueryAwareness())
    await receive(socket, Awareness)  # a fence: everything before it has been read
    socket.future.cancel()
    gate.set()
    sent = [await socket.output_queue.get()]
    while sent[-1]["type"] != "websocket.close":
        sent.append(await socket.output_queue.get())
    assert sent[-1]["code"] == CloseCode.TRY_AGAIN
    assert SyncStatus(b"\x01") in [messages.decode(output["bytes"]) for output in sent[:-1]]
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 2
    await this_hub().close()


async def test_the_lobby_tells_who_is_where_and_what_changed(connect: Connect, note: Note) -> None:
    lobby = await connect("/ws/notes")
    assert await lobby.receive_json_from() == {"people": {}}
    ada = await connect()
    state = '{"user": {"name": "Ada", "color": "#123456"}}'
    await send(ada, Awareness((messages.AwarenessEntry(5, 1, state),)))
    here = {"people": {str(note.pk): [{"name": "Ada", "color": "#123456"}]}}
    assert await lobby.receive_json_from() == here
    late = await connect("/ws/notes")
    assert await late.receive_json_from() == here
    await send(ada, SyncUpdate(Typist("title").write("Plans")))
    assert await lobby.receive_json_from() == {"changed": [str(note.pk)]}
    await ada.disconnect()
    assert await lobby.receive_json_from() == {"people": {str(note.pk): []}}


async def test_the_lobby_hears_of_new_and_deleted_notes(connect: Connect, note: Note) -> None:
    lobby = await connect("/ws/notes")
    await lobby.receive_json_from()
    hub = this_hub()
    await until(lambda: EVERYONE in hub.doorbell._joined, "the process listens")
    new = await database_sync_to_async(create_note)("New")
    told = {"changed": [str(new.pk)]}
    assert await lobby.receive_json_from() == told
    await new.adelete()
    assert await lobby.receive_json_from() == told


async def test_a_frame_of_a_connection_that_was_just_shut_is_ignored(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a frame the others may have their turn, and a recheck may be among them."""
    consumers: list[NoteConsumer] = []
    come_in = NoteConsumer.come_in

    def noted(consumer: NoteConsumer) -> None:
        consumers.append(consumer)
        come_in(consumer)

    monkeypatch.setattr(NoteConsumer, "come_in", noted)
    await connect()
    await until(lambda: bool(consumers), "somebody is in")
    monkeypatch.setattr(bounded, "FRAMES_IN_A_ROW", 1)
    asyncio.get_running_loop().call_soon(consumers[0].shut, CloseCode.NOT_ALLOWED, "You may not open this.")
    await consumers[0]._receive_within_limits({"bytes": messages.encode(SyncUpdate(b"\x00\x00"))})
    assert consumers[0].is_shut


async def test_a_list_remembers_only_the_last_rows_that_it_may_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is open for long, and rows of others are made all the time."""
    watching = LobbyConsumer()
    monkeypatch.setattr(watching, "recheck", lambda: None)
    watching._visible, watching._hidden = frozenset(), set()
    for number in range(2 * MOST_HIDDEN + 1):
        watching.tell({"changed": [str(number)]})
    watching._stop_timer()
    assert str(2 * MOST_HIDDEN) in watching._hidden
    assert len(watching._hidden) <= MOST_HIDDEN
