from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers, get_channel_layer
from django.conf import settings
from django.db import connections
from hypothesis import settings as property_tests

from channels_yjs.testing.faulty_layer import FaultyChannelLayer
from notes.documents import create_note
from notes.models import Note
from notes.process import Process
from notes.tests.peers import Peer

# No example has to be done in 200 ms: a busy machine takes longer.
property_tests.register_profile("patient", deadline=None)
property_tests.load_profile("patient")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A database file of the tests' own. In memory, SQLite locks whole tables between threads."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = tmp_path_factory.mktemp("database") / "test.sqlite3"


@pytest.fixture(autouse=True)
def fresh_channel_layer() -> Iterator[None]:
    """A layer holds queues of the event loop in which it was used."""
    channel_layers.backends = {}
    yield
    channel_layers.backends = {}


@pytest.fixture
def note(transactional_db: None) -> Note:
    return create_note()


@pytest.fixture
async def start_process() -> AsyncIterator[Callable[[], Process]]:
    """Makes server processes: they share the database and the channel layer, and nothing else."""
    processes: list[Process] = []

    def start() -> Process:
        processes.append(Process())
        return processes[-1]

    yield start
    for process in processes:
        await process.close()
    await sync_to_async(connections.close_all)()  # those of the thread that runs the tests' own queries


@pytest.fixture
async def process(start_process: Callable[[], Process]) -> Process:
    return start_process()


@pytest.fixture
async def other_process(start_process: Callable[[], Process]) -> Process:
    return start_process()


@pytest.fixture
async def join(note: Note, process: Process) -> Callable[..., Any]:
    """`ada, grace = await join("Ada", "Grace")`: people on the test's note, by way of one process."""

    async def join(*names: str, via: Process = process) -> Any:
        peers = [Peer(name) for name in names]
        for peer in peers:
            await peer.join(via, note.pk)
        return peers if len(peers) > 1 else peers[0]

    return join


@pytest.fixture
def faulty_layer(settings: Any) -> FaultyChannelLayer:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_yjs.testing.faulty_layer.FaultyChannelLayer"}}
    layer = get_channel_layer()
    assert isinstance(layer, FaultyChannelLayer)
    return layer
