"""ASGI servers that promise no more than ASGI does: the app relies on nothing beyond it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from channels_yjs.wire.messages import SyncStatus, SyncUpdate, encode
from e2e.conftest import CreateNote, OpenNote
from e2e.support.lines import patient
from e2e.support.note_page import LOOK_AGAIN_MS, expect_same_text
from tools.app_server import AppServer, GranianServer, HypercornServer
from tools.patience import patience
from tools.process import is_taken

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
NO_GRANIAN = "the development requirements have no Granian for Windows"
SHOUT_BYTES = 256 * 1024
SHOUTS = 400  # many times the buffers of the two ends of a connection
TOO_SLOW = "This connection reads too slowly."
QUESTION = encode(SyncStatus(b"?"))


@pytest.fixture(
    params=[
        pytest.param(HypercornServer, id="hypercorn"),
        pytest.param(
            GranianServer, id="granian", marks=pytest.mark.skipif(sys.platform == "win32", reason=NO_GRANIAN)
        ),
    ]
)
def other_server(request: pytest.FixtureRequest, database_url: Callable[[], str]) -> Iterator[AppServer]:
    kind: type[AppServer] = request.param
    with kind(database_url(), settings={"MAX_QUEUED_BYTES": str(SHOUT_BYTES)}) as server:
        yield server


@pytest.mark.line_is_cut
def test_people_write_and_see_each_other_and_go_on_when_the_server_comes_back(
    other_server: AppServer, create_note: CreateNote, open_note: OpenNote
) -> None:
    ada, grace = open_note(create_note(on=other_server), "Ada", "Grace")
    ada.expect_people("Ada", "Grace")
    ada.write("From Ada. ")
    grace.expect_text("From Ada. ")
    grace.expect_saved()
    other_server.stop()
    ada.expect_offline()
    ada.write("Meanwhile. ")
    other_server.start()
    grace.expect_text("From Ada. Meanwhile. ")
    ada.expect_people("Ada", "Grace")
    assert expect_same_text(ada, grace) == "From Ada. Meanwhile. "


def test_what_is_refused_is_closed_with_its_code(other_server: AppServer) -> None:
    address = f"ws://127.0.0.1:{other_server.port}/ws/notes"
    for note, frame, code in (("99999", QUESTION, 4404), ("1", b"\xff", 4400)):
        with patient(f"{address}/{note}") as socket:
            assert code_of(socket, frame) == code


def test_somebody_who_reads_nothing_is_not_waited_for_without_end(other_server: AppServer) -> None:
    address = f"ws://127.0.0.1:{other_server.port}/ws/notes/1"
    doc = Doc[Any]()
    body = doc.get("body", type=Text)
    sleeper = patient(address, max_queue=1, close_timeout=0, compression=None, legacy=True)
    with patient(address) as writer, closing(sleeper):
        for _ in range(SHOUTS):
            known = doc.get_state()
            body.clear() if body else body.insert(0, "x" * SHOUT_BYTES)
            writer.send(encode(SyncUpdate(doc.get_update(known))))
            writer.send(QUESTION)
            while writer.recv(timeout=patience.seconds) != QUESTION:
                """Returns everything that came before the answer."""
            if TOO_SLOW in other_server.log:
                break
        assert TOO_SLOW in other_server.log


def test_nothing_of_a_server_outlives_it(other_server: AppServer) -> None:
    other_server.kill()
    for _ in range(int(patience.milliseconds) // LOOK_AGAIN_MS):
        if not is_taken(other_server.port):
            return
        time.sleep(LOOK_AGAIN_MS / 1000)
    pytest.fail("Somebody still listens on its port.")


def code_of(socket: ClientConnection, frame: bytes) -> int | None:
    """The code with which the server closes. Granian closes only when it receives something more."""
    for _ in range(int(patience.script_seconds)):
        try:
            socket.send(frame)
            socket.recv(timeout=1)
        except TimeoutError:
            continue
        except ConnectionClosed:
            break
    return socket.close_code
