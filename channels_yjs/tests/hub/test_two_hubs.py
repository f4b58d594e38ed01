"""Two server processes, simulated by two Hub objects on one database and one channel layer."""

import gc
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import get_channel_layer
from redis.exceptions import ConnectionError as RedisConnectionError

from channels_yjs.hub import hub as hub_module
from channels_yjs.hub import neighbours
from channels_yjs.hub.doorbell import group_of
from channels_yjs.hub.hub import Hub, keep_collections_short, this_hub
from channels_yjs.hub.rings import Deleted
from channels_yjs.log import compaction
from channels_yjs.models import Document, Update
from channels_yjs.names import Owner
from channels_yjs.testing.faulty_layer import FaultyChannelLayer
from channels_yjs.testing.peers import Peer, expect_converged, expect_names, expect_text, until
from channels_yjs.tests.project.models import Note
from channels_yjs.wire import messages
from channels_yjs.wire.messages import CloseCode

Join = Callable[..., Any]


@pytest.mark.usefixtures("no_regular_look")
async def test_people_of_two_process_objects_write_one_note(join: Join, other_hub: Hub) -> None:
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    ada.type("From one process")
    await expect_text("From one process", grace)
    grace.type(" and from the other")
    assert await expect_converged(ada, grace) == "From one process and from the other"


async def test_numbers_have_no_gaps_whoever_takes_them(join: Join, other_hub: Hub, note: Note) -> None:
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    for _ in range(20):
        ada.type("a", at=0)
        grace.type("g", at=0)
        await ada.expect_saved()
        await grace.expect_saved()
    await expect_converged(ada, grace)
    document = await Document.objects.aget(object_id=note.pk)
    numbers = [row.seq async for row in Update.objects.filter(document__object_id=note.pk).order_by("seq")]
    assert numbers == list(range(1, document.seq + 1))


async def test_each_sees_the_people_of_the_other(join: Join, other_hub: Hub) -> None:
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_names({"Ada", "Grace"}, ada, grace)
    alan = await join("Alan", via=other_hub)
    await expect_names({"Ada", "Grace", "Alan"}, ada, grace, alan)
    grace.cut()
    await expect_names({"Ada", "Alan"}, ada, alan)


async def test_the_people_of_a_process_that_dies_are_gone(
    join: Join, hub: Hub, other_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(neighbours, "SILENCE_SECONDS", 0.3)
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_names({"Ada", "Grace"}, ada)
    other_hub.doorbell.ring = lambda *args: None  # type: ignore[method-assign]  # like a process killed with -9
    await expect_names({"Ada"}, ada)
    assert grace.text == ada.text


@pytest.fixture
def is_renewed_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "RENEW_PRESENCE_SECONDS", 0.02)


@pytest.mark.usefixtures("is_renewed_often")
@pytest.mark.parametrize("is_asleep", [False, True])
async def test_who_says_nothing_is_told_of_again_in_all_processes_until_the_line_ends(
    join: Join, other_hub: Hub, is_asleep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others forget a client whose clock stops. In a hidden tab the timers sleep, in a frozen one everything."""
    ada, grace, alan = await join("Ada"), await join("Grace"), await join("Alan", via=other_hub)
    await expect_names({"Ada", "Grace", "Alan"}, ada, grace, alan)
    if is_asleep:
        monkeypatch.setattr(grace, "deliver", lambda frame: None)
    for peer in (ada, alan):
        last = clocks_of(grace, seen_by=peer)[-1]
        await until(lambda: clocks_of(grace, seen_by=peer)[-1] > last + 5, f"{peer.name} hears of Grace")  # noqa: B023
        assert clocks_of(grace, seen_by=peer) == sorted(set(clocks_of(grace, seen_by=peer)))
    grace.cut()
    await expect_names({"Ada", "Alan"}, ada, alan)


@pytest.mark.usefixtures("is_renewed_often")
async def test_a_connection_that_says_nothing_hears_something_in_every_round(join: Join) -> None:
    """y-websocket takes a connection for dead if nothing comes for 30 s."""
    ada = await join("Ada")
    ada.frames.clear()
    await until(lambda: len(ada.frames) > 10, "Ada, who is alone and says nothing, hears something again and again")


@pytest.mark.usefixtures("is_renewed_often")
async def test_a_list_hears_something_in_every_round(hub: Hub) -> None:
    heard: list[dict[str, Any]] = []
    hub.lobby.watch("project.note", heard.append)
    await until(lambda: heard.count({}) > 10, "a list of which nothing changes hears something again and again")


async def test_what_has_been_imported_is_left_out_of_garbage_collections() -> None:
    keep_collections_short.cache_clear()
    try:
        await this_hub().close()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def clocks_of(peer: Peer, seen_by: Peer) -> list[int]:
    heard = [messages.decode(frame) for frame in seen_by.frames]
    entries = [entry for message in heard if isinstance(message, messages.Awareness) for entry in message.entries]
    return [entry.clock for entry in entries if entry.client_id == peer.doc.client_id]


@pytest.mark.usefixtures("is_renewed_often")
async def test_who_left_while_rings_were_lost_is_gone_from_lists_and_notes(
    faulty_layer: FaultyChannelLayer, join: Join, other_hub: Hub, note: Note
) -> None:
    ada, alan, grace = await join("Ada"), await join("Alan"), await join("Grace", via=other_hub)
    owner = Owner.of(note)
    await expect_names({"Ada", "Alan", "Grace"}, grace)
    await until(lambda: len(other_hub.lobby.people_in(owner)) == 3, "all are on the list")
    faulty_layer.drop = 1.0
    ada.cut()
    await expect_names({"Alan", "Grace"}, alan)
    faulty_layer.drop = 0.0
    await until(lambda: len(other_hub.lobby.people_in(owner)) == 2, "Ada is not on the list any more")
    await until(lambda: len(grace.room.presence.everyone()) == 2, "nor is she told of to a newcomer")


@pytest.mark.usefixtures("no_regular_look")
async def test_a_lost_ring_is_healed_by_the_next(
    join: Join, other_hub: Hub, faulty_layer: FaultyChannelLayer
) -> None:
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_converged(ada, grace)
    faulty_layer.drop = 1.0
    ada.type("Nobody rings for this. ")
    await ada.expect_saved()
    faulty_layer.drop = 0.0
    ada.type("But for this.")
    await expect_text("Nobody rings for this. But for this.", grace)


async def test_without_any_ring_the_log_is_looked_at_all_the_same(
    join: Join, other_hub: Hub, faulty_layer: FaultyChannelLayer, settings: Any
) -> None:
    settings.YJS_CHECK_LOG_SECONDS = 0.05
    faulty_layer.drop = 1.0
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    ada.type("No ring at all")
    await expect_text("No ring at all", grace)


async def test_rings_may_be_dropped_doubled_and_reordered(
    join: Join, other_hub: Hub, faulty_layer: FaultyChannelLayer, settings: Any
) -> None:
    settings.YJS_CHECK_LOG_SECONDS = 0.05
    faulty_layer.drop = faulty_layer.double = faulty_layer.delay = 0.3
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    for number in range(40):
        ada.type(f"{number} ")
        grace.type(f"{number} ", at=0)
        if number % 5 == 0:
            await expect_converged(ada, grace)
    text = await expect_converged(ada, grace)
    assert sorted(text.split()) == sorted(2 * [str(number) for number in range(40)])


async def test_while_the_channel_layer_is_away_everyone_writes_on(
    join: Join, other_hub: Hub, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.YJS_CHECK_LOG_SECONDS = 0.05
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_converged(ada, grace)

    async def fail(*args: Any) -> None:
        raise RedisConnectionError("away")

    layer = get_channel_layer()
    for verb in ("group_send", "group_add", "group_discard"):
        monkeypatch.setattr(layer, verb, fail)
    ada.type("Redis is away. ")
    grace.type("So it is. ")
    await expect_converged(ada, grace)
    alan = await join("Alan", via=other_hub)
    await expect_converged(ada, grace, alan)
    monkeypatch.undo()
    settings.YJS_CHECK_LOG_SECONDS = 60.0
    alan.type("It is back.")
    await expect_converged(ada, grace, alan)


@pytest.mark.usefixtures("no_regular_look")
async def test_a_process_that_fell_behind_a_compaction_reads_the_snapshot(
    join: Join, other_hub: Hub, faulty_layer: FaultyChannelLayer, note: Note
) -> None:
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_converged(ada, grace)
    faulty_layer.drop = 1.0
    for word in ("one ", "two ", "three "):
        ada.type(word)
        await ada.expect_saved()
    await other_hub.reader.run(lambda: compaction.compact(Document.objects.find(note)))
    faulty_layer.drop = 0.0
    ada.type("four")
    await expect_text("one two three four", grace)
    grace.type(" five")
    await expect_converged(ada, grace)


@pytest.mark.usefixtures("no_regular_look")
async def test_a_commit_brings_along_what_other_processes_committed_before(
    join: Join, other_hub: Hub, faulty_layer: FaultyChannelLayer
) -> None:
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_converged(ada, grace)
    faulty_layer.drop = 1.0
    ada.type("Unheard. ")
    await ada.expect_saved()
    grace.type("Grace saves.")
    await until(lambda: "Unheard. " in grace.text, "Grace gets it with her own commit")


async def test_nobody_is_sent_away_by_a_ring_that_says_what_is_not_so(join: Join, other_hub: Hub, note: Note) -> None:
    """Another site may use the same channel layer, and have deleted its own document of that number."""
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_converged(ada, grace)
    document = (await Document.objects.aget()).pk
    other_hub.doorbell.ring(group_of(document), Deleted(document))
    grace.type("Still here")  # is heard later than that
    await expect_text("Still here", ada)
    assert not ada.closed


@pytest.mark.usefixtures("no_regular_look")
async def test_a_deletion_reaches_the_other_process(join: Join, other_hub: Hub, note: Note) -> None:
    ada, grace = await join("Ada"), await join("Grace", via=other_hub)
    await expect_converged(ada, grace)
    await note.adelete()
    await until(lambda: bool(ada.closed and grace.closed), "both are told")
    assert ada.closed[0] == grace.closed[0] == CloseCode.NO_SUCH_DOCUMENT


async def test_the_lobby_knows_the_people_of_all_processes(join: Join, hub: Hub, other_hub: Hub, note: Note) -> None:
    await join("Ada")
    grace = await join("Grace", via=other_hub)

    def names(of: Hub) -> set[str]:
        return {person["name"] for person in of.lobby.people_in(Owner.of(note))}

    await until(lambda: names(hub) == names(other_hub) == {"Ada", "Grace"}, "both are in the lobby")
    grace.cut()
    await until(lambda: names(hub) == names(other_hub) == {"Ada"}, "Grace has left the lobby")
    third = Hub().run()
    try:
        await until(lambda: names(third) == {"Ada"}, "a process that starts later learns who is where")
    finally:
        await third.close()
