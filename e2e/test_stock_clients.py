"""Clients that others wrote, unchanged: y-websocket in Node, and the provider of pycrdt. Guarantee G9."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.sync_api import Page
from pycrdt import Doc, Map, Provider, Text, UndoManager
from websockets.asyncio.client import ClientConnection

from e2e.conftest import CreateNote, OpenNote
from e2e.support.lines import eventually, patient_async, run_apart
from e2e.support.note_page import until
from e2e.support.stock_clients import NodeClient, node_client, socket_address
from tools.app_server import AppServer

pytestmark = pytest.mark.chapter(7)


@pytest.fixture
def node_clients(note: str) -> Iterator[list[NodeClient]]:
    """Starts stock clients in Node. The tests check that they sync."""
    with node_client(note, syncs=False) as one, node_client(note, syncs=False) as two:
        yield [one, two]


@pytest.mark.chapter(6)
def test_two_y_websocket_clients_converge(node_clients: list[NodeClient], page: Page) -> None:
    one, two = node_clients
    assert all(client.do("sync") for client in node_clients)
    one.do("insert", index=0, text="from one")
    until(page, lambda: two.do("text") == "from one", "two reads it")
    two.do("insert", index=0, text="from two, ")
    until(page, lambda: one.do("text") == "from two, from one", "one reads it")
    two.do("undo")
    until(page, lambda: one.do("text") == "from one", "two took its own back")
    one.do("set", key="nested", value=[1, {"deep": True}])
    until(page, lambda: two.do("map") == {"nested": {"value": [1, {"deep": True}]}}, "nested types arrive")


@pytest.mark.chapter(10)
def test_y_websocket_clients_see_each_other_also_after_a_reconnect(
    node_clients: list[NodeClient], page: Page
) -> None:
    one, two = node_clients
    assert all(client.do("sync") for client in node_clients)
    one.do("name", name="Ada")
    two.do("name", name="Grace")
    until(page, lambda: one.do("names") == two.do("names") == ["Ada", "Grace"], "both are listed")
    one.do("sleep")  # or else what Ada says of herself every 15 s would bring her back
    for leave in ("cut", "disconnect"):  # a server says goodbye for who is cut off; who disconnects says it, too
        one.do(leave)
        until(page, lambda: two.do("names") == ["Grace"], "Ada is gone for Grace")
        one.do("connect")
        until(page, lambda: two.do("names") == ["Ada", "Grace"], "Ada is back for Grace")


@pytest.mark.chapter(8)
def test_a_browser_and_a_stock_client_write_one_note(
    open_note: OpenNote, note: str, node_clients: list[NodeClient]
) -> None:
    ada, (client, _) = open_note(note, "Ada"), node_clients
    assert client.do("sync")
    client.do("name", name="Node")
    ada.write("From the browser. ")
    ada.until(lambda: client.do("text") == "From the browser. ", lambda: "the client reads it")
    client.do("insert", index=18, text="From Node.")
    ada.expect_text("From the browser. From Node.")
    ada.expect_people("Ada", "Node")


@pytest.mark.chapter(12)
@pytest.mark.app
def test_a_surrogate_pair_that_is_cut_in_two_is_read_alike_by_all(
    open_note: OpenNote, create_note: CreateNote, own_server: AppServer
) -> None:
    """No editor puts a cursor between the two halves of an emoji, but a client may write there. Everybody reads the
    same then: the people who were there, and those who come after the log has been compacted."""
    note = create_note(on=own_server)
    ada = open_note(note, "Ada")
    with node_client(note) as client:
        client.do("insert", index=0, text="a😀b😀c")
        ada.expect_text("a😀b😀c")
        client.do("insert", index=5, text="Y")
        client.do("insert", index=2, text="X")
        ada.until(
            lambda: client.do("text") == ada.text and {"X", "Y"} <= set(ada.text), lambda: f"both read {ada.text!r}"
        )
        ada.expect_saved()
    seen = ada.text
    ada.page.context.close()
    compact(own_server)
    own_server.kill()
    own_server.start()
    open_note(note, "Grace").expect_text(seen)


def compact(server: AppServer) -> None:
    """Runs the app's command, or that of the tutorial's chapters."""
    assert any(server.manage(command) == 0 for command in ("compact_documents", "compact_notes"))


class Channel:
    """A socket with the interface that pycrdt's provider wants."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @property
    def path(self) -> str:
        return "note"

    def __aiter__(self) -> "Channel":
        return self

    async def __anext__(self) -> bytes:
        return await self.recv()

    async def send(self, message: bytes) -> None:
        await self._socket.send(message)

    async def recv(self) -> bytes:
        frame = await self._socket.recv()
        assert isinstance(frame, bytes)
        return frame


@asynccontextmanager
async def pycrdt_client(note: str) -> AsyncIterator[Doc[Any]]:
    doc = Doc[Any]()
    async with patient_async(socket_address(note)) as socket:
        provider = Provider(doc, Channel(socket))
        task = asyncio.create_task(provider.start())
        await provider.started.wait()
        await provider.synced.wait()
        yield doc
        await provider.stop()
        task.cancel()


async def two_pycrdt_clients_converge(note: str) -> None:
    async with pycrdt_client(note) as one, pycrdt_client(note) as two:
        text, other = one.get("body", type=Text), two.get("body", type=Text)
        undo = UndoManager(scopes=[text], capture_timeout_millis=0)
        text += "from one"
        await eventually(lambda: str(other) == "from one", "two reads what one wrote")
        other.insert(0, "from two, ")
        await eventually(lambda: str(text) == "from two, from one", "one reads what two wrote")
        text += ", oops"
        await eventually(lambda: str(other).endswith("oops"), "two reads more")
        undo.undo()
        await eventually(lambda: str(other) == "from two, from one", "what one wrote is taken back")
        one["stranger"] = Map({"nested": Map({"deep": True})})
        mapped = two.get("stranger", type=Map)
        await eventually(lambda: str(mapped) == '{"nested":{"deep":true}}', "nested types arrive")


@pytest.mark.chapter(6)
@pytest.mark.early  # otherwise it would wait for ever
def test_two_pycrdt_clients_converge(note: str) -> None:
    run_apart(two_pycrdt_clients_converge(note))
