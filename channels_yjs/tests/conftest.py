from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.apps import apps
from django.db import connections
from hypothesis import HealthCheck
from hypothesis import settings as property_tests

from channels_yjs.connections import bounded
from channels_yjs.hub.hub import Hub
from channels_yjs.testing.faulty_layer import FaultyChannelLayer
from channels_yjs.testing.peers import PATIENCE_SECONDS, Peer
from channels_yjs.tests.isolation import (  # noqa: F401
    django_db_modify_db_settings,
    fresh_channel_layer,
    fresh_modules,
)
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import create_note

# No deadline of 200 ms for an example, nor of 30 s for drawing some: a busy machine takes longer.
property_tests.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
property_tests.load_profile("patient")


def pytest_configure() -> None:
    if not apps.is_installed("channels_yjs.tests.project"):
        raise pytest.UsageError("These tests have settings of their own. Run them alone: pytest channels_yjs/tests")


@pytest.fixture(autouse=True)
def patience_with_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer to answer what somebody may do. Tests of late answers set less."""
    monkeypatch.setattr(bounded, "ANSWER_SECONDS", PATIENCE_SECONDS)


@pytest.fixture(autouse=True)
def only_rings_tell_of_rights(settings: Any) -> None:
    """The regular recheck would do, within our patience, what a ring has failed to do. Its own tests set less."""
    settings.YJS_RECHECK_SECONDS = 86400.0


@pytest.fixture
def no_regular_look(settings: Any) -> None:
    """Processes that start after this hear of changes by rings only."""
    settings.YJS_CHECK_LOG_SECONDS = 3600.0


@pytest.fixture
def note(transactional_db: None) -> Note:
    return create_note()


@pytest.fixture
async def start_hub() -> AsyncIterator[Callable[[], Hub]]:
    """Makes server processes: they share the database and the channel layer, and nothing else."""
    hubs: list[Hub] = []

    def start() -> Hub:
        hubs.append(Hub().run())
        return hubs[-1]

    yield start
    for hub in hubs:
        await hub.close()
    await sync_to_async(connections.close_all)()  # the connections of the thread that runs the tests' own queries


@pytest.fixture
async def hub(start_hub: Callable[[], Hub]) -> Hub:
    return start_hub()


@pytest.fixture
async def other_hub(start_hub: Callable[[], Hub]) -> Hub:
    return start_hub()


@pytest.fixture
async def join(note: Note, hub: Hub) -> Callable[..., Any]:
    """`ada, grace = await join("Ada", "Grace")`: people on the test's note, connected to one process."""

    async def join(*names: str, via: Hub = hub) -> Any:
        peers = [Peer(name) for name in names]
        for peer in peers:
            await peer.join(via, note)
        return peers if len(peers) > 1 else peers[0]

    return join


@pytest.fixture
def faulty_layer(settings: Any) -> FaultyChannelLayer:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_yjs.testing.faulty_layer.FaultyChannelLayer"}}
    layer = get_channel_layer()
    assert isinstance(layer, FaultyChannelLayer)
    return layer
