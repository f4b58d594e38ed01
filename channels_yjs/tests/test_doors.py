"""Admission: a project's own consumers decide, and people are told."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError
from django.http import Http404
from django.urls import path

from channels_yjs.access import Access
from channels_yjs.consumers import DocumentConsumer, LobbyConsumer, Refused
from channels_yjs.hub.hub import this_hub
from channels_yjs.models import Document
from channels_yjs.testing.sockets import Socket
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import create_note
from channels_yjs.wire.messages import Awareness, AwarenessEntry, SyncStep1, decode, encode

HERE = '{"user": {"name": "Ada", "color": "#123456"}}'
Open = Callable[..., Any]


class Door(DocumentConsumer):
    queryset = Note.objects.only("pk")
    answer: Any = Access.WRITE
    asked: list[Note] = []

    async def authorize(self, owner: Note) -> Any:
        self.asked.append(owner)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class List(LobbyConsumer):
    model = Note
    answer: Any = None

    async def authorize(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
async def open_socket(note: Note, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    sockets: list[Socket] = []
    router = URLRouter([path("list", List.as_asgi()), path("<str:pk>", Door.as_asgi())])
    monkeypatch.setattr(Door, "asked", [])

    async def open_socket(address: Any = note.pk) -> Socket:
        sockets.append(Socket(router, f"/{address}"))
        assert (await sockets[-1].connect())[0]
        return sockets[-1]

    yield open_socket
    for socket in sockets:
        await socket.disconnect()
    await this_hub().close()


async def test_who_is_refused_is_told_why_and_gets_nothing(
    open_socket: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Door, "answer", Refused(4403, "These minutes are for members."))
    before = await Document.objects.acount()
    socket = await open_socket()
    told = {"type": "websocket.close", "code": 4403, "reason": "These minutes are for members."}
    assert await socket.receive_output() == told
    assert Door.asked == [note]
    assert not this_hub().rooms
    assert await Document.objects.acount() == before


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (False, 4403),
        (None, 4503),
        (True, 4503),
        (1, 4503),
        (PermissionDenied(), 4403),
        (Http404(), 4404),
        (Note.DoesNotExist(), 4503),
        (ZeroDivisionError(), 4503),
        (Refused(4499, "ä" * 200), 4499),
    ],
    ids=repr,
)
async def test_whatever_is_wrong_at_the_door_lets_nobody_in(
    open_socket: Open, monkeypatch: pytest.MonkeyPatch, answer: Any, code: int
) -> None:
    monkeypatch.setattr(Door, "answer", answer)
    told = await (await open_socket()).receive_output()
    assert (told["type"], told["code"]) == ("websocket.close", code)
    assert len(told["reason"].encode()) <= 123
    assert not this_hub().rooms


@pytest.mark.parametrize("answer", Access)
async def test_who_is_let_in_is_asked_for_what_they_have(
    open_socket: Open, monkeypatch: pytest.MonkeyPatch, answer: Access
) -> None:
    monkeypatch.setattr(Door, "answer", answer)
    assert isinstance(decode(await (await open_socket()).receive_from()), SyncStep1)


async def test_a_database_that_does_not_answer_lets_nobody_in(
    open_socket: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Door, "answer", OperationalError("away"))
    told = await (await open_socket()).receive_output()
    assert (told["code"], told["reason"]) == (4503, "The database does not answer.")


@pytest.mark.parametrize("address", ["404", "no-number", "9" * 40])
async def test_what_is_no_key_of_a_row_is_no_such_document(open_socket: Open, address: str) -> None:
    told = await (await open_socket(address)).receive_output()
    assert (told["code"], told["reason"]) == (4404, "There is no such document.")
    assert not Door.asked


async def test_a_key_that_the_database_refuses_is_no_such_document(
    open_socket: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PostgreSQL a text with NUL."""

    async def find_owner(self: Door) -> Note:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")

    monkeypatch.setattr(Door, "find_owner", find_owner)
    told = await (await open_socket(note.pk)).receive_output()
    assert (told["code"], told["reason"]) == (4404, "There is no such document.")


async def test_a_list_tells_of_the_people_in_what_somebody_may_see(
    open_socket: Open, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await database_sync_to_async(create_note)("Another")
    monkeypatch.setattr(List, "answer", {other.pk})
    lobby = await open_socket("list")
    assert await lobby.receive_json_from() == {"people": {}}
    for client, row in enumerate((note, other), start=1):
        socket = await open_socket(row.pk)
        await socket.send_to(bytes_data=encode(Awareness((AwarenessEntry(client, 1, HERE),))))
        await socket.receive_from()
    assert await lobby.receive_json_from() == {"people": {str(other.pk): [{"name": "Ada", "color": "#123456"}]}}


async def test_who_may_see_no_list_is_told_so(open_socket: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(List, "answer", Refused(4403, "Log in to see your meetings."))
    told = await (await open_socket("list")).receive_output()
    assert (told["code"], told["reason"]) == (4403, "Log in to see your meetings.")


@pytest.mark.parametrize("code", [403, 1000, 4001, 4500])
def test_a_code_at_which_clients_would_come_back_is_no_refusal(code: int) -> None:
    with pytest.raises(ValueError, match="from 4400 to 4499"):
        Refused(code, "no")


@pytest.mark.parametrize(("texts", "is_let_in"), [("title,body", True), ("body", True), ("", True), ("boddy", False)])
async def test_a_page_that_shows_a_text_that_there_is_not_is_told_so(
    open_socket: Open, note: Note, texts: str, is_let_in: bool
) -> None:
    told = await (await open_socket(f"{note.pk}?texts={texts}")).receive_output()
    assert (told["type"] == "websocket.send") is is_let_in
    if not is_let_in:
        assert (told["code"], told["reason"]) == (4400, "There is no shared text 'boddy'.")
