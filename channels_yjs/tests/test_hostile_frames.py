"""Hostile frames hurt their sender only: the whole corpus, through the whole application.

Mallory sends, Ada is in the same room and Grace in another one. After each frame neither may have been sent
anything and no log may have grown; in between and in the end both write as ever.
"""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from channels_yjs.hub.hub import this_hub
from channels_yjs.log import store
from channels_yjs.log.replica import Replica
from channels_yjs.models import Update
from channels_yjs.rooms import intake
from channels_yjs.rooms import room as room_module
from channels_yjs.testing import hostile
from channels_yjs.testing.peers import until
from channels_yjs.testing.sockets import Socket
from channels_yjs.tests.log.test_store import Typist
from channels_yjs.tests.project.asgi import application
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import NAMES, create_note, room_of
from channels_yjs.wire.messages import (
    Awareness,
    AwarenessEntry,
    SyncStatus,
    SyncStep1,
    SyncUpdate,
    decode,
    encode,
)
from channels_yjs.wire.updates import EMPTY_UPDATE

LOOK_AFTER_FRAMES = 20
KEYS, MOST_KEYS = 50, 1000
ADA, MALLORY = 1, 666
HERE = '{"user": {"name": "Ada", "color": "#123456"}}'


@dataclass
class Scene:
    """The people in a test, and the notes they are on."""

    note: Note
    other_note: Note
    ada: Socket
    grace: Socket

    async def mallory(self) -> Socket:
        return await connect(self.note)

    async def logs(self) -> list[Any]:
        return [row async for row in Update.objects.order_by("pk").values_list("document_id", "seq", "payload")]

    async def expect_peace(self) -> None:
        """Neither person has received anything, and the process is as it was."""
        for victim in (self.ada, self.grace):
            assert await ask(victim) == []


@pytest.fixture
async def scene(note: Note, settings: Any) -> AsyncIterator[Scene]:
    settings.YJS_MAX_CONNECTS_PER_SECOND = 10_000  # each hostile frame has a connection of its own
    other_note = await asyncio.to_thread(create_note, "Another note")
    scene = Scene(note, other_note, await connect(note), await connect(other_note))
    await ask(scene.ada)
    await ask(scene.grace)
    hub = this_hub()
    yield scene
    await scene.expect_peace()
    for socket in (scene.ada, scene.grace):
        await socket.send_to(bytes_data=encode(SyncUpdate(Typist().write("Still here"))))
        sent = await ask(socket)
        assert any(isinstance(message, SyncUpdate) for message in sent)
    assert hub is this_hub(), "The process failed and restarted its rooms."
    for socket in (scene.ada, scene.grace):
        await socket.disconnect()
    await hub.close()


async def connect(note: Note) -> Socket:
    socket = Socket(application, f"/ws/notes/{note.pk}")
    assert (await socket.connect())[0]
    await socket.receive_from()  # the server's sync step 1
    return socket


async def ask(socket: Socket) -> list[Any]:
    """A fence: returns everything that arrived before the answer to a question asked now."""
    question = SyncStatus(b"fence")
    await socket.send_to(bytes_data=encode(question))
    sent = []
    while (message := decode(await socket.receive_from())) != question:
        sent.append(message)
    return sent


async def hear_of_people(socket: Socket) -> list[AwarenessEntry]:
    """The next news of these people, which may come together with news of others."""
    while True:
        if heard := [message for message in await ask(socket) if isinstance(message, Awareness)]:
            return [entry for message in heard for entry in message.entries]
        await asyncio.sleep(0.01)  # without a pause, the questions would be a flood


async def close_code(socket: Socket) -> int:
    while (output := await socket.receive_output())["type"] != "websocket.close":
        pass
    await socket.disconnect()
    return int(output["code"])


async def test_every_malformed_frame_closes_its_sender_with_4400_and_nobody_notices(scene: Scene) -> None:
    before = await scene.logs()
    for number, (name, frame) in enumerate(hostile.malformed().items()):
        mallory = await scene.mallory()
        await mallory.send_input({"type": "websocket.receive", "bytes": frame})  # even an empty one
        assert await close_code(mallory) == 4400, name
        if number % LOOK_AFTER_FRAMES == 0:
            await scene.expect_peace()
    await scene.expect_peace()
    assert await scene.logs() == before


async def test_every_frame_that_is_too_large_closes_its_sender_with_4413(scene: Scene) -> None:
    before = await scene.logs()
    for name, frame in hostile.oversize().items():
        mallory = await scene.mallory()
        await mallory.send_to(bytes_data=frame)
        assert await close_code(mallory) == 4413, name
    await scene.expect_peace()
    assert await scene.logs() == before


async def test_what_stands_on_nothing_is_not_saved_and_its_sender_is_asked_for_more(scene: Scene) -> None:
    before = await scene.logs()
    for name, update in hostile.unready().items():
        mallory = await scene.mallory()
        await mallory.send_to(bytes_data=hostile.sync_update(update))
        await mallory.send_to(bytes_data=hostile.VALID["status"])
        asked = decode(await mallory.receive_from())
        assert isinstance(asked, SyncStep1), name
        await mallory.send_to(bytes_data=hostile.step_2(EMPTY_UPDATE))
        assert decode(await mallory.receive_from()) == SyncStatus(b"\x07"), "the status waits for the answer"
        await mallory.send_to(bytes_data=hostile.step_2(update))
        assert await close_code(mallory) == 4400, name
    await scene.expect_peace()
    assert await scene.logs() == before


@pytest.mark.parametrize("text", ["hello", "\x00" * 1000, "[" * 100_000])
async def test_text_frames_close_their_sender(scene: Scene, text: str) -> None:
    mallory = await scene.mallory()
    await mallory.send_to(text_data=text)
    assert await close_code(mallory) == 4400


async def test_what_follows_a_malformed_frame_is_not_read(scene: Scene) -> None:
    before = await scene.logs()
    mallory = await scene.mallory()
    await mallory.send_to(bytes_data=b"\x09")
    await mallory.send_to(bytes_data=hostile.VALID["update"])
    assert await close_code(mallory) == 4400
    await scene.expect_peace()
    assert await scene.logs() == before


async def test_frames_without_a_change_are_answered_or_ignored(scene: Scene) -> None:
    before = await scene.logs()
    mallory = await scene.mallory()
    for frame in hostile.harmless().values():
        await mallory.send_to(bytes_data=frame)
        await ask(mallory)
    await scene.expect_peace()
    await mallory.disconnect()
    assert await scene.logs() == before


async def test_updates_as_costly_as_may_be_are_stored_and_hold_up_nobody(scene: Scene) -> None:
    """Measured in keys: a key of Grace's, in CPU time of the loop's thread."""
    slowest, key_seconds = 0.0, await cost_of_a_key(scene.grace)
    for update in hostile.nasty().values():
        mallory = await scene.mallory()  # a new connection: more than two of these from one are a flood
        await mallory.send_to(bytes_data=hostile.sync_update(update))
        started = time.thread_time()
        await ask(scene.grace)
        slowest = max(slowest, time.thread_time() - started)
        await ask(mallory)
        assert await ask(scene.ada)
        await mallory.disconnect()
    print(f"{1000 * slowest:.0f} ms of CPU, a key costs {1000 * key_seconds:.2f} ms")
    assert slowest < MOST_KEYS * key_seconds, "Grace, on another note, waits"


async def cost_of_a_key(socket: Socket) -> float:
    """The CPU seconds of one key."""
    typist = Typist()
    started = time.thread_time()
    for _ in range(KEYS):
        await socket.send_to(bytes_data=encode(SyncUpdate(typist.write("x"))))
        await ask(socket)
    return (time.thread_time() - started) / KEYS


async def test_a_note_takes_no_more_clients_than_the_library_can_follow(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_CLIENTS_OF_DOCUMENT", 2)
    before = await scene.logs()
    mallory = await scene.mallory()
    await mallory.send_to(bytes_data=hostile.sync_update(hostile.nasty()["a chain of clients"]))
    assert await close_code(mallory) == 4413
    assert await scene.logs() == before


async def test_the_first_to_write_under_a_number_is_the_one_who_is_read(scene: Scene) -> None:
    typist = Typist()
    await scene.ada.send_to(bytes_data=encode(SyncUpdate(typist.write("Ada was here"))))
    await ask(scene.ada)
    before = await scene.logs()
    forged = hostile.update([hostile.by(typist.doc.client_id, 0, [hostile.text("Mallory's!!!")])])
    mallory = await scene.mallory()
    await mallory.send_to(bytes_data=hostile.sync_update(forged))
    await ask(mallory)
    await mallory.disconnect()
    assert await scene.logs() == before
    assert room_of(this_hub(), scene.note).replica.texts["body"] == "Ada was here"


async def test_half_a_letter_behind_a_number_that_is_taken_is_refused(scene: Scene) -> None:
    """Cut where the known clocks end, an emoji leaves half a character, which the library writes as none."""
    await scene.ada.send_to(bytes_data=hostile.sync_update(hostile.update([hostile.by(7, 0, [hostile.text("x")])])))
    await ask(scene.ada)
    before = await scene.logs()
    mallory = await scene.mallory()
    await mallory.send_to(bytes_data=hostile.sync_update(hostile.update([hostile.by(7, 0, [hostile.text("😀")])])))
    assert await close_code(mallory) == 4400
    assert await scene.logs() == before


async def test_a_note_full_of_nasty_updates_can_be_opened_again(scene: Scene) -> None:
    for update in hostile.nasty().values():
        mallory = await scene.mallory()
        await mallory.send_to(bytes_data=hostile.sync_update(update))
        await ask(mallory)
        await mallory.disconnect()
    await ask(scene.ada)
    room = room_of(this_hub(), scene.note)
    await room._compact()
    rows = await asyncio.to_thread(store.read, room.id)
    is_same = Replica(NAMES, rows).texts == room.replica.texts
    assert is_same, "the texts are long"


async def test_nobody_speaks_for_a_client_that_another_connection_speaks_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "RIVAL_ANSWER_SECONDS", math.inf)  # Ada answers in time, however long she takes
    await scene.ada.send_to(bytes_data=hostile.awareness((ADA, 1, HERE)))
    await ask(scene.ada)
    room = room_of(this_hub(), scene.note)
    for state in ('{"user": {"name": "Mallory"}}', "null"):
        mallory = await scene.mallory()
        await mallory.send_to(bytes_data=hostile.awareness((ADA, 900, state)))
        await ask(mallory)
        heard = await ask(scene.ada)  # her question counts as an answer: she is alive
        for challenger in list(room._challengers):
            room._decide(challenger)
        heard += await ask(scene.ada)
        await mallory.disconnect()
        assert not [message for message in heard if isinstance(message, Awareness)]
    assert room.presence.everyone() == (AwarenessEntry(ADA, 1, HERE),)


async def test_who_is_back_before_the_dead_line_is_noticed_speaks_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "RIVAL_ANSWER_SECONDS", 0.05)
    dead, back = await scene.mallory(), await scene.mallory()
    room = room_of(this_hub(), scene.note)
    await dead.send_to(bytes_data=hostile.awareness((ADA, 1, HERE)))
    await ask(dead)
    await back.send_to(bytes_data=hostile.awareness((ADA, 2, HERE)))
    await until(lambda: room.presence.everyone() == (AwarenessEntry(ADA, 2, HERE),), "the new line is believed")
    await dead.disconnect()
    assert room.presence.everyone() == (AwarenessEntry(ADA, 2, HERE),)
    await back.disconnect()
    while AwarenessEntry(ADA, 2, "null") not in await hear_of_people(scene.ada):
        pass
    assert not room.presence.everyone()


async def test_what_a_connection_says_of_others_is_ignored(scene: Scene) -> None:
    await scene.ada.send_to(bytes_data=hostile.awareness((ADA, 1, HERE)))
    await ask(scene.ada)
    mallory = await scene.mallory()
    mine = json.dumps({"user": {"name": "Mallory"}})
    await mallory.send_to(bytes_data=hostile.awareness((MALLORY, 1, mine), (ADA, 5, mine), (7, 1, mine)))
    await mallory.send_to(bytes_data=hostile.awareness((ADA, 6, "null"), *((n, 1, mine) for n in range(100, 500))))
    await ask(mallory)
    assert await hear_of_people(scene.ada) == [AwarenessEntry(MALLORY, 1, mine)]
    await mallory.disconnect()
    assert await hear_of_people(scene.ada) == [AwarenessEntry(MALLORY, 1, "null")]
