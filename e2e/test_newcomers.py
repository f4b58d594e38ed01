"""People who come while others write. Nobody may lack what was committed in just that moment."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from channels_yjs.testing.client import Client
from channels_yjs.wire.messages import (
    Awareness,
    AwarenessEntry,
    Message,
    SyncStatus,
    SyncStep2,
    decode,
    encode,
)
from e2e.conftest import CreateNote
from e2e.support.lines import patient_async
from e2e.support.patience import patience
from e2e.support.stock_clients import socket_address
from tools.app_server import AppServer

WRITERS, NEWCOMERS = 2, 20
LOOK_AGAIN_SECONDS = 0.005


class Visitor(Client):
    """A client on a line, which it reads in a task of its own."""

    def __init__(self, address: str) -> None:
        super().__init__("title", "body")
        self.is_synced, self.is_saved = asyncio.Event(), asyncio.Event()
        self.names: set[str] = set()  # of all who have been told of
        self._waiting: list[Message] = []
        self.say = self._waiting.append
        self.life = asyncio.create_task(self._live(address))

    async def _live(self, address: str) -> None:
        async with patient_async(address) as line:
            self.greet()
            with suppress(ConnectionClosed):
                await asyncio.gather(self._listen(line), self._talk(line))

    @property
    def is_talking(self) -> bool:
        return bool(self._waiting)

    async def _listen(self, line: ClientConnection) -> None:
        async for frame in line:
            assert isinstance(frame, bytes)
            match message := decode(frame):
                case SyncStatus():
                    self.is_saved.set()
                case Awareness(entries):
                    self.names |= {json.loads(entry.state)["user"]["name"] for entry in entries}
                case SyncStep2():
                    self.hear(message)
                    self.is_synced.set()
                case _:
                    self.hear(message)

    async def _talk(self, line: ClientConnection) -> None:
        while True:
            while self._waiting:
                await line.send(encode(self._waiting.pop(0)))
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def come_while_others_write(addresses: list[str]) -> None:
    writers = [Visitor(addresses[number % len(addresses)]) for number in range(WRITERS)]
    for writer in writers:
        await writer.is_synced.wait()
    writing = [asyncio.create_task(write_on(writer)) for writer in writers]
    newcomers = []
    for number in range(NEWCOMERS):
        newcomers.append(Visitor(addresses[number % len(addresses)]))
        await newcomers[-1].is_synced.wait()
    for task in writing:
        task.cancel()
    people = [*writers, *newcomers]
    try:
        await until(lambda: len({person.text for person in people}) == 1, "all read the same")
    finally:
        for person in people:
            person.life.cancel()


async def write_on(writer: Visitor) -> None:
    """As quickly as the server commits, and no quicker."""
    while True:
        writer.is_saved.clear()
        writer.type("x")
        writer.send(SyncStatus(b"\x01"))
        await writer.is_saved.wait()


@pytest.mark.chapter(7)
@pytest.mark.early  # with a broadcast of each change nothing is counted that could be missed
def test_who_comes_while_others_write_lacks_nothing(create_note: CreateNote, two_servers: list[AppServer]) -> None:
    note = create_note(on=two_servers[0])
    addresses = [socket_address(note.replace(two_servers[0].url, server.url)) for server in two_servers]
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, come_while_others_write(addresses)).result()


async def come_after_somebody(address: str) -> None:
    ada = Visitor(address)
    await ada.is_synced.wait()
    state = json.dumps({"user": {"name": "Ada", "color": "#123456"}})
    ada.send(Awareness((AwarenessEntry(ada.doc.client_id, 1, state),)))
    await until(lambda: not ada.is_talking, "Ada has said who she is")
    grace = Visitor(address)
    try:
        await until(lambda: "Ada" in grace.names, "Grace is told that Ada is here")
    finally:
        for visitor in (ada, grace):
            visitor.life.cancel()


async def until(condition: Callable[[], bool], claim: str) -> None:
    try:
        async with asyncio.timeout(patience.claim_seconds):
            while not condition():  # noqa: ASYNC110 - it spans replicas
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise AssertionError(f"This did not come true: {claim}") from None


@pytest.mark.chapter(8)
def test_who_comes_is_told_who_was_here(note: str) -> None:
    """A browser says again every 15 seconds who it is. Ada is none: she says it once."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, come_after_somebody(socket_address(note))).result()
