"""People who come while others write. Nobody may lack what was committed in just that moment."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from channels_yjs.testing.client import Client
from channels_yjs.wire.messages import Awareness, AwarenessEntry, Message, SyncStatus, SyncStep2, decode, encode
from e2e.conftest import CreateNote
from e2e.support.lines import eventually, patient_async, run_apart
from e2e.support.stock_clients import socket_address
from tools.app_server import AppServer

WRITERS, NEWCOMERS = 2, 20


class Visitor(Client):
    """A client on a line, which it reads in a task of its own."""

    def __init__(self, address: str) -> None:
        super().__init__("title", "body")
        self.is_synced, self.is_saved = asyncio.Event(), asyncio.Event()
        self._states: dict[int, Any] = {}  # by client; None for one that has left
        self._waiting = asyncio.Queue[Message]()
        self.say = self._waiting.put_nowait
        self.life = asyncio.create_task(self._live(address))

    @property
    def names(self) -> set[str]:
        """Of those of whom it has been told, and not yet that they have left. It forgets nobody by itself."""
        return {state["user"]["name"] for state in self._states.values() if state}

    def introduce(self, name: str) -> None:
        state = json.dumps({"user": {"name": name, "color": "#123456"}})
        self.send(Awareness((AwarenessEntry(self.doc.client_id, 1, state),)))

    async def _live(self, address: str) -> None:
        async with patient_async(address) as line:
            self.greet()
            with suppress(ConnectionClosed):
                await asyncio.gather(self._listen(line), self._talk(line))

    async def _listen(self, line: ClientConnection) -> None:
        async for frame in line:
            assert isinstance(frame, bytes)
            match message := decode(frame):
                case SyncStatus():
                    self.is_saved.set()
                case Awareness(entries):
                    self._states |= {entry.client_id: json.loads(entry.state) for entry in entries}
                case SyncStep2():
                    self.hear(message)
                    self.is_synced.set()
                case _:
                    self.hear(message)

    async def _talk(self, line: ClientConnection) -> None:
        while True:
            await line.send(encode(await self._waiting.get()))

    async def wait_for_answer(self) -> None:
        """Returns when the server has taken all that was said."""
        self.is_saved.clear()
        self.send(SyncStatus(b"\x01"))
        await eventually(self.is_saved.is_set, "the server says that all is saved")

    async def wait_for_note(self) -> None:
        await eventually(self.is_synced.is_set, "the note is opened")


@contextmanager
def ending(*visitors: Visitor) -> Iterator[None]:
    """Afterwards their lines are closed."""
    try:
        yield
    finally:
        for visitor in visitors:
            visitor.life.cancel()


async def come_while_others_write(addresses: list[str]) -> None:
    writers = [Visitor(addresses[number % len(addresses)]) for number in range(WRITERS)]
    for writer in writers:
        await writer.wait_for_note()
    writing = [asyncio.create_task(write_on(writer)) for writer in writers]
    newcomers = []
    for number in range(NEWCOMERS):
        written = len(writers[0].text)
        await eventually(lambda before=written: len(writers[0].text) > before, "somebody writes")
        newcomers.append(Visitor(addresses[number % len(addresses)]))
        await newcomers[-1].wait_for_note()
    for task in writing:
        task.cancel()
    people = [*writers, *newcomers]
    with ending(*people):
        await eventually(lambda: len({person.text for person in people}) == 1, "all read the same")


async def write_on(writer: Visitor) -> None:
    """As quickly as the server commits, and no quicker."""
    while True:
        writer.type("x")
        await writer.wait_for_answer()


@pytest.mark.chapter(7)
@pytest.mark.early  # with a broadcast of each change nothing is counted that could be missed
def test_who_comes_while_others_write_lacks_nothing(create_note: CreateNote, two_servers: list[AppServer]) -> None:
    note = create_note(on=two_servers[0])
    addresses = [socket_address(note.replace(two_servers[0].url, server.url)) for server in two_servers]
    run_apart(come_while_others_write(addresses))


async def come_after_somebody(address: str) -> None:
    ada = Visitor(address)
    await ada.wait_for_note()
    ada.introduce("Ada")
    await ada.wait_for_answer()
    grace = Visitor(address)
    with ending(ada, grace):
        await eventually(lambda: "Ada" in grace.names, "Grace is told that Ada is here")


@pytest.mark.chapter(8)
def test_who_comes_is_told_who_was_here(note: str) -> None:
    """A browser says again every 15 seconds who it is. Ada is none: she says it once."""
    run_apart(come_after_somebody(socket_address(note)))


async def leave_before_somebody(address: str) -> None:
    ada, grace = Visitor(address), Visitor(address)
    with ending(ada, grace):
        for visitor in (ada, grace):
            await visitor.wait_for_note()
        ada.introduce("Ada")
        await eventually(lambda: "Ada" in grace.names, "Grace is told that Ada is here")
        ada.life.cancel()
        await eventually(lambda: "Ada" not in grace.names, "Grace is told that Ada has left")


@pytest.mark.chapter(8)
def test_the_others_are_told_who_has_left(note: str) -> None:
    """A browser forgets after 30 seconds of silence who is in the note. Grace is none, and has to be told."""
    run_apart(leave_before_somebody(socket_address(note)))
