"""The addresses of the app's sockets, as its whole ASGI application knows them."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from channels_yjs.hub.hub import this_hub
from channels_yjs.testing.sockets import Socket
from channels_yjs.wire.messages import SyncStep1, decode
from notes.tests.sharing import create_note
from realtime_notes.asgi import application

OUR_PAGE = [(b"origin", b"http://localhost:8000")]


async def first_frame(address: str) -> Any:
    socket = Socket(application, address, OUR_PAGE)
    assert (await socket.connect())[0]
    frame = await socket.receive_from()
    await socket.disconnect()
    await this_hub().close()
    return frame


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["", "/"])
async def test_the_addresses_work_with_and_without_a_slash(ending: str) -> None:
    note = await sync_to_async(create_note)()
    assert isinstance(decode(await first_frame(f"/ws/notes/{note.pk}{ending}")), SyncStep1)
    assert await first_frame(f"/ws/notes{ending}") == '{"people": {}}'
