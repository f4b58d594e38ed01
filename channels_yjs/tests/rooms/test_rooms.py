"""People in one room, in one process: they see each other's text, and know when it is saved."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError

from channels_yjs.hub import doorbell
from channels_yjs.hub import hub as hub_module
from channels_yjs.hub.hub import Hub
from channels_yjs.log import store
from channels_yjs.log.first import first_update
from channels_yjs.log.replica import Replica
from channels_yjs.log.store import AnotherDocumentError, GapError
from channels_yjs.models import Document, Snapshot, Update, new_identity
from channels_yjs.rooms import room as room_module
from channels_yjs.testing.peers import PATIENCE_SECONDS, Peer, expect_converged, expect_names, expect_text, until
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import NAMES, create_note, room_of
from channels_yjs.wire import messages
from channels_yjs.wire.lib0 import ProtocolError
from channels_yjs.wire.messages import CloseCode, SyncStep1, SyncUpdate
from channels_yjs.wire.updates import EMPTY_UPDATE

Join = Callable[..., Any]


async def test_what_one_types_the_other_reads(join: Join) -> None:
    ada, grace = await join("Ada", "Grace")
    ada.type("Hello Grace")
    await expect_text("Hello Grace", ada, grace)
    grace.type(", hello Ada", at=5)
    await expect_text("Hello, hello Ada Grace", ada, grace)


async def test_title_and_body_travel_alike(join: Join) -> None:
    ada, grace = await join("Ada", "Grace")
    ada.texts["title"].insert(0, "Plans")
    grace.type("Tea at four")
    await expect_converged(ada, grace)
    assert (str(grace.texts["title"]), ada.text) == ("Plans", "Tea at four")


async def test_late_joiner_sees_the_whole_note(join: Join) -> None:
    ada = await join("Ada")
    ada.type("Written before Grace came")
    ada.erase(0, 8)
    await ada.expect_saved()
    grace = await join("Grace")
    await expect_text("before Grace came", grace)


async def test_the_server_asks_before_it_answers(join: Join) -> None:
    """Sync step 1 comes first, so a browser that has received everything has also sent everything."""
    ada = await join("Ada")
    kinds = [type(messages.decode(frame)) for frame in ada.frames]
    assert kinds.index(SyncStep1) < kinds.index(messages.SyncStep2)


async def test_the_writer_gets_an_echo(join: Join) -> None:
    """A stock client that receives nothing for 30 s takes its connection for dead."""
    ada = await join("Ada")
    ada.type("x")
    await until(
        lambda: any(isinstance(messages.decode(frame), SyncUpdate) for frame in ada.frames),
        "Ada gets her own change back",
    )


async def test_nothing_is_seen_before_it_is_committed(
    join: Join, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, grace = await join("Ada", "Grace")
    await expect_converged(ada, grace)
    in_database: list[int] = []
    append = store.append

    def append_and_look(batches: Any) -> Any:
        assert grace.text == ""  # while the transaction runs
        result = append(batches)
        in_database.append(Update.objects.filter(document__object_id=note.pk).count())
        return result

    monkeypatch.setattr(store, "append", append_and_look)
    ada.type("x")
    await expect_text("x", grace)
    assert in_database == [2]  # the numbers of the empty note's first row and of this one


async def test_people_who_type_at_once_share_a_transaction(join: Join, note: Note) -> None:
    peers = await join("Ada", "Grace", "Alan")
    await expect_converged(*peers)
    for _ in range(100):
        for peer in peers:
            peer.type("x", at=0)
    await expect_converged(*peers)
    assert peers[0].text == "x" * 300
    assert await Update.objects.filter(document__object_id=note.pk).acount() < 10


async def test_a_note_that_does_not_exist_cannot_be_joined(hub: Hub, transactional_db: None) -> None:
    with pytest.raises(Note.DoesNotExist):
        await Peer("Ada").join(hub, Note(pk=404))
    assert hub.rooms == {}


async def test_a_room_that_nobody_enters_closes(hub: Hub, note: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody comes back to a database that was made anew."""
    monkeypatch.setattr(room_module, "IDLE_SECONDS", 0.01)
    with pytest.raises(AnotherDocumentError):
        await hub.open(note, new_identity())
    await until(lambda: not hub.rooms, "the room is closed")


async def test_a_note_whose_fields_cannot_be_saved_ends_no_other(
    hub: Hub, join: Join, note: Note, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The project's own save() may refuse what people write, and a receiver may fail."""
    monkeypatch.setattr(room_module, "PROJECT_AFTER_SECONDS", 0.0)
    save = Note.save

    def save_with_care(self: Note, *args: Any, **kwargs: Any) -> None:
        if self.pk == note.pk:
            raise ValidationError("A note needs a title.")
        save(self, *args, **kwargs)

    monkeypatch.setattr(Note, "save", save_with_care)
    ada = await join("Ada")
    other = await database_sync_to_async(create_note)("Another")
    grace = Peer("Grace")
    await grace.join(hub, other)
    ada.type("No title")
    await until(lambda: "A note needs a title." in caplog.text, "the log says why")
    for peer in (ada, grace):
        peer.type("More. ")
        await peer.expect_saved()
        assert peer.closed is None


@pytest.mark.parametrize("name", ["a\0b", "half an emoji \ud83d"])
async def test_a_name_that_the_database_refuses_holds_up_nobody(join: Join, name: str) -> None:
    """PostgreSQL refuses both, in the JSON that says who wrote."""
    ada, grace = await join(name, "Grace")
    ada.type("Tea")
    grace.type("At four")
    for peer in (ada, grace):
        await peer.expect_saved()


async def test_deleting_a_note_closes_its_room(join: Join, note: Note) -> None:
    ada, grace = await join("Ada", "Grace")
    ada.type("Still here to copy")
    await expect_converged(ada, grace)
    await note.adelete()
    await until(lambda: bool(ada.closed and grace.closed), "both are told")
    assert ada.closed[0] == grace.closed[0] == CloseCode.NO_SUCH_DOCUMENT
    assert ada.text == "Still here to copy"


async def test_a_deletion_that_no_ring_told_of_is_found_by_looking(
    join: Join, note: Note, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.YJS_CHECK_LOG_SECONDS = 0.05
    monkeypatch.setattr(doorbell, "ring", lambda group, message: None)
    ada = await join("Ada")
    await note.adelete()
    await until(lambda: ada.closed is not None, "Ada is told")


async def test_saved_is_said_after_the_change_is_in_the_database(join: Join, note: Note) -> None:
    ada = await join("Ada")
    ada.type("Keep this")
    await ada.expect_saved()
    reader = Replica(NAMES, await database_sync_to_async(store.read)(room_of(ada._way[0], note).id))
    assert reader.texts == {"title": "", "body": "Keep this"}


async def test_saved_is_said_at_once_when_nothing_waits(join: Join) -> None:
    ada = await join("Ada")
    await ada.expect_saved()
    ada.asked += 1
    ada.send(messages.SyncStatus(ada.asked.to_bytes(4)))
    assert ada.saved == ada.asked


async def test_nothing_is_said_to_be_saved_while_the_database_is_away(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, grace = await join("Ada", "Grace")
    await expect_converged(ada, grace)
    is_away = True
    tries: list[int] = []
    append = store.append

    def append_if_there(batches: Any) -> Any:
        tries.append(len(batches))
        if is_away:
            raise OperationalError("disk full")
        return append(batches)

    monkeypatch.setattr(store, "append", append_if_there)
    ada.type("Typed while the disk is full. ")
    ada.asked += 1
    ada.send(messages.SyncStatus(ada.asked.to_bytes(4)))
    await until(lambda: len(tries) > 1, "the writer tries again")
    ada.type("And more.")
    assert (grace.text, ada.saved) == ("", ada.asked - 1)
    is_away = False
    await expect_text("Typed while the disk is full. And more.", grace)
    await until(lambda: ada.saved == ada.asked, "Ada hears that it is saved")


async def test_too_much_waiting_for_the_database_sends_the_writer_away(join: Join, settings: Any) -> None:
    ada, grace = await join("Ada", "Grace")
    await expect_converged(ada, grace)
    settings.YJS_MAX_UNSAVED_BYTES = 1000
    ada.type("x" * 2000)
    assert ada.closed
    assert ada.closed[0] == CloseCode.TRY_AGAIN
    settings.YJS_MAX_UNSAVED_BYTES = 10_000
    await ada.mend()
    await expect_text("x" * 2000, ada, grace)


async def test_a_note_that_is_full_takes_deletions_only_and_others_go_on(
    join: Join, note: Note, settings: Any
) -> None:
    settings.YJS_MAX_DOCUMENT_BYTES = 1000
    ada, grace = await join("Ada", "Grace")
    ada.type("x" * 900)
    await expect_converged(ada, grace)
    ada.type("y" * 200)
    assert ada.closed == (CloseCode.TOO_LARGE, "This document is full. Delete some of its text first.")
    alan = await join("Alan")
    await expect_converged(grace, alan)
    grace.erase(0, 900)
    grace.type("z" * 900)  # at once: still too much, with the deleted text in the log
    assert grace.closed
    await expect_text("", alan)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while alan.text != "z" * 900:  # until the log has been compacted
            if grace.closed:
                await grace.mend()
            await asyncio.sleep(0.05)
    await expect_converged(grace, alan)


async def test_presence_that_changes_all_the_time_goes_out_together(join: Join) -> None:
    ada, grace = await join("Ada", "Grace")
    await expect_names({"Ada", "Grace"}, ada, grace)
    grace.frames.clear()
    for position in range(500):
        ada.say_here(cursor=position)
    await until(lambda: grace.people[ada.doc.client_id].get("cursor") == 499, "Grace sees where Ada is")
    assert len(grace.frames) < 10


async def test_an_update_that_the_library_refuses_is_neither_stored_nor_sent_on(join: Join, note: Note) -> None:
    ada, grace = await join("Ada", "Grace")
    await expect_converged(ada, grace)
    frames = len(grace.frames)
    assert ada.room
    with pytest.raises(ProtocolError):
        ada.room.receive(ada, SyncUpdate(b"\x01\x02\x03\x04"))
    await expect_converged(ada, grace)
    kinds = {type(messages.decode(frame)) for frame in grace.frames[frames:]}
    assert SyncUpdate not in kinds
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 1


async def test_an_empty_update_makes_no_row(join: Join, note: Note) -> None:
    ada = await join("Ada")
    ada.send(SyncUpdate(EMPTY_UPDATE))
    await ada.expect_saved()
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 1


async def test_everyone_is_listed_and_whoever_leaves_is_not(join: Join) -> None:
    ada, grace, alan = await join("Ada", "Grace", "Alan")
    await expect_names({"Ada", "Grace", "Alan"}, ada, grace, alan)
    grace.cut()
    await expect_names({"Ada", "Alan"}, ada, alan)
    await grace.mend()
    await expect_names({"Ada", "Grace", "Alan"}, ada, grace, alan)


async def test_who_comes_back_with_an_old_clock_is_told_to_move_it_on(join: Join) -> None:
    """A stock client announces itself with its old clock after a reconnect; nobody would believe it."""
    ada, grace = await join("Ada", "Grace")
    await expect_names({"Ada", "Grace"}, grace)
    ada.cut()
    await expect_names({"Grace"}, grace)
    farewell = messages.AwarenessEntry(ada.doc.client_id, ada.clock, "null")
    ada.clock -= 1  # makes it the same as before
    ada.frames.clear()
    await ada.mend()
    assert messages.encode(messages.Awareness((farewell,))) in ada.frames
    await expect_names({"Ada", "Grace"}, grace)


async def test_text_and_title_are_projected_for_readers_without_javascript(join: Join, note: Note) -> None:
    ada = await join("Ada")
    ada.texts["title"].insert(0, "Shopping")
    ada.type("Milk\nBread")
    await until_projected(note, "Shopping", "Milk\nBread")


async def test_a_model_may_follow_its_document_in_a_way_of_its_own(
    join: Join, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And say so, for lists and for code that listens."""

    def project(self: Note, texts: Mapping[str, str], values: Mapping[str, Any]) -> list[str]:
        self.title = texts["body"].partition("\n")[0]
        self.save(update_fields=["title"])
        return ["title"]

    monkeypatch.setattr(Note, "project", project)
    ada = await join("Ada")
    ada.type("Plans\nTea at four")
    await until_projected(note, "Plans", "")


async def test_an_empty_room_falls_idle_and_leaves_a_compact_log(
    join: Join, note: Note, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "IDLE_SECONDS", 0.05)
    ada = await join("Ada")
    for word in ("one ", "two ", "three "):
        ada.type(word)
        await ada.expect_saved()
    ada.cut()
    await until(lambda: hub.rooms == {}, "the room closes")
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 0
    assert (await Snapshot.objects.aget(document__object_id=note.pk)).seq == 4
    await ada.mend()
    grace = await join("Grace")
    await expect_text("one two three ", ada, grace)


async def test_a_room_whose_last_person_left_while_the_database_was_away_closes_in_the_end(
    join: Join, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "IDLE_SECONDS", 0.01)
    append, may_save, attempts = store.append, threading.Event(), []

    def append_later(batches: Any) -> Any:
        attempts.append(batches)
        if not may_save.is_set():
            raise OperationalError("away")
        return append(batches)

    monkeypatch.setattr(store, "append", append_later)
    ada = await join("Ada")
    ada.type("Tea")
    ada.cut()
    await until(lambda: len(attempts) > 2, "several attempts to save have failed")
    may_save.set()
    await until(lambda: hub.rooms == {}, "the room closes")


async def test_what_comes_in_while_the_fields_follow_is_not_forgotten(
    join: Join, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "PROJECT_AFTER_SECONDS", 0.01)
    project, has_read, may_go_on = store.project, threading.Event(), threading.Event()

    def project_slowly(*args: Any) -> bool:
        has_read.set()
        assert may_go_on.wait(PATIENCE_SECONDS)
        return project(*args)

    ada = await join("Ada")
    await until(lambda: not room_of(ada._way[0], note)._jobs._timers, "the first text has followed")
    monkeypatch.setattr(store, "project", project_slowly)
    hub = ada._way[0]
    monkeypatch.setattr(hub, "write", hub.read)  # or commits would wait as well
    ada.type("Tea")
    await until(has_read.is_set, "the fields are about to follow")
    ada.type(" at four", at=3)
    await ada.expect_saved()
    await asyncio.sleep(0.1)  # it is due meanwhile
    may_go_on.set()
    await until_projected(note, "", "Tea at four")


async def test_nothing_is_planned_for_a_room_that_is_closed(join: Join, hub: Hub, note: Note) -> None:
    """A connection that has been shut leaves once more, when it is gone."""
    ada = await join("Ada")
    room = room_of(hub, note)
    hub.close_room(room)
    ada.cut()
    room.remove(ada)
    assert not room._jobs._timers


async def test_the_fields_have_followed_when_a_server_has_stopped(join: Join, hub: Hub, note: Note) -> None:
    ada = await join("Ada")
    ada.type("Tea")
    await ada.expect_saved()
    await hub.say_goodbye()
    await note.arefresh_from_db()
    assert note.text == "Tea"


async def test_a_document_that_is_opened_and_left_costs_no_projection(
    join: Join, hub: Hub, note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(room_module, "PROJECT_AFTER_SECONDS", 0.01)
    ada = await join("Ada")
    ada.type("Tea")
    await ada.expect_saved()
    ada.cut()
    await until(lambda: hub.rooms == {}, "the room closes")
    projected: list[Any] = []
    monkeypatch.setattr(store, "project", lambda *args: projected.append(args))
    await ada.mend()
    ada.cut()
    await until(lambda: hub.rooms == {}, "the room closes")
    assert not projected


async def test_who_comes_back_has_written_nothing(join: Join, note: Note) -> None:
    """The answer to a sync step 1 names all deletions of the document, each time."""
    ada, grace = await join("Ada", "Grace")
    ada.type("Tea and cake")
    ada.erase(0, 4)
    await ada.expect_saved()
    rows = await Update.objects.filter(document__object_id=note.pk).acount()
    for _ in range(3):
        ada.cut()
        await ada.mend()
        await asyncio.sleep(0)  # for the answer
        await ada.expect_saved()
    assert await Update.objects.filter(document__object_id=note.pk).acount() == rows
    ada.cut()
    ada.erase(0, 4)
    await ada.mend()
    await expect_text("cake", ada, grace)


async def test_a_row_that_the_database_refuses_keeps_no_room_open(
    join: Join, note: Note, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To try again does not help, as it does where the database is away."""
    monkeypatch.setattr(room_module, "IDLE_SECONDS", 0.05)

    def refuse(self: Note, *args: Any, **kwargs: Any) -> None:
        raise IntegrityError("CHECK constraint failed")

    ada = await join("Ada")
    monkeypatch.setattr(Note, "save", refuse)
    ada.type("Tea")
    await ada.expect_saved()
    ada.cut()
    await until(lambda: hub.rooms == {}, "the room closes")


async def test_a_long_log_is_compacted_while_people_write(join: Join, note: Note, hub: Hub, settings: Any) -> None:
    settings.YJS_COMPACT_AFTER_UPDATES = 5
    ada, grace = await join("Ada", "Grace")
    for number in range(30):
        (ada, grace)[number % 2].type(f"{number} ")
        await expect_converged(ada, grace)
    alan = await join("Alan")
    assert await expect_converged(ada, grace, alan) == "".join(f"{n} " for n in range(30))
    await until(lambda: len(room_of(hub, note).replica._tail) < 10, "the log is folded")
    assert await Update.objects.filter(document__object_id=note.pk).acount() < 10


async def test_a_room_whose_log_has_a_gap_is_closed_and_nothing_is_folded(
    join: Join, note: Note, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, grace = await join("Ada", "Grace")
    for word in ("one ", "two ", "three "):
        ada.type(word)
        await expect_converged(ada, grace)
    await Update.objects.filter(document__object_id=note.pk, seq=3).adelete()
    room_of(hub, note)._jobs.start(room_of(hub, note)._compact)
    await until(lambda: bool(ada.closed and grace.closed), "both are told to try again")
    assert ada.closed == grace.closed == (CloseCode.TRY_AGAIN, "This document cannot be read at the moment.")
    with pytest.raises(GapError):
        await ada.mend()
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 3
    assert not await Snapshot.objects.filter(document__object_id=note.pk).aexists()


async def test_people_bring_back_what_a_restored_database_lacks(
    join: Join, note: Note, hub: Hub, settings: Any
) -> None:
    """A backup replaces the database while they are here, and one of them writes on."""
    ada, grace = await join("Ada", "Grace")
    for word in ("one ", "two ", "three "):
        ada.type(word)
        await expect_converged(ada, grace)
    await Update.objects.filter(document__object_id=note.pk, seq__gt=2).adelete()
    await Document.objects.filter(object_id=note.pk).aupdate(seq=2)
    ada.type("four")
    await until(lambda: bool(ada.closed and grace.closed), "both are told to try again")
    assert ada.closed
    assert ada.closed[0] == CloseCode.TRY_AGAIN
    await ada.mend()
    await grace.mend()
    assert await expect_converged(ada, grace) == "one two three four"
    await expect_text("one two three four", await join("Alan"))


async def test_a_note_that_cannot_be_saved_does_not_hold_up_another_one(join: Join, note: Note, hub: Hub) -> None:
    ada, grace = await join("Ada"), Peer("Grace")
    await grace.join(hub, await database_sync_to_async(create_note)())
    await expect_converged(ada)
    await expect_converged(grace)
    await Document.objects.filter(object_id=note.pk).aupdate(seq=0)
    ada.type("x")
    grace.type("y")
    await grace.expect_saved()
    assert ada.closed
    assert ada.closed[0] == CloseCode.TRY_AGAIN


@pytest.mark.parametrize("is_written", [True, False])
async def test_people_on_a_note_that_another_one_replaces_are_told_so_and_nothing_flows(
    join: Join, note: Note, hub: Hub, settings: Any, is_written: bool
) -> None:
    settings.YJS_CHECK_LOG_SECONDS = 3600 if is_written else 0.05
    ada, grace = await join("Ada", "Grace")
    ada.type("Written before")
    await expect_converged(ada, grace)
    new = await database_sync_to_async(replace)(note)
    if is_written:
        ada.type(", and after")
    await until(lambda: bool(ada.closed and grace.closed), "both are told")
    assert (
        ada.closed
        == grace.closed
        == (CloseCode.ANOTHER_DOCUMENT, "There is a different document at this address now.")
    )
    assert grace.text == "Written before"
    await expect_text("The other one", await join("Alan"))
    assert (await Note.objects.aget(pk=new.pk)).text == "The other one"


async def test_a_page_of_the_new_note_gets_in_where_the_room_is_still_the_old_ones(
    join: Join, note: Note, hub: Hub, settings: Any
) -> None:
    settings.YJS_CHECK_LOG_SECONDS = 3600
    ada, alan = await join("Ada"), Peer("Alan")
    new = await database_sync_to_async(replace)(note)
    await alan.join(hub, new, await database_sync_to_async(lambda: new.document_identity)())
    await expect_text("The other one", alan)
    assert ada.closed
    assert ada.closed[0] == CloseCode.ANOTHER_DOCUMENT


def replace(note: Note) -> Note:
    """Does the same as loading a dump, or recreating a database: the note's key goes to another note, and the number
    of its document to that of the other one."""
    number = Document.objects.find(note).pk
    Update.objects.filter(document=number).delete()
    Snapshot.objects.filter(document=number).delete()
    update = Update(document_id=number, seq=1, payload=first_update({"title": "", "body": "The other one"}))
    update.save()
    Document.objects.filter(pk=number).update(identity=new_identity(), seq=1)
    Note.objects.filter(pk=note.pk).update(text="The other one")
    return note


async def test_a_server_that_goes_down_saves_and_says_goodbye(join: Join, note: Note, hub: Hub) -> None:
    ada, grace = await join("Ada", "Grace")
    ada.type("Just in time")
    await hub.say_goodbye()
    assert ada.closed
    assert grace.closed
    assert ada.closed[0] == grace.closed[0] == CloseCode.TRY_AGAIN
    assert grace.text == "Just in time"
    assert await Update.objects.filter(document__object_id=note.pk).acount() == 2


async def test_a_server_that_goes_down_does_not_wait_for_ever_for_its_database(
    join: Join, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "FLUSH_SECONDS", 0.05)
    gate, append = threading.Event(), store.append

    def append_behind_the_gate(batches: Any) -> Any:
        gate.wait()
        return append(batches)

    monkeypatch.setattr(store, "append", append_behind_the_gate)
    ada = await join("Ada")
    ada.type("Not in time")
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await hub.say_goodbye()
        assert ada.closed
        assert (ada.closed[0], ada.saved) == (CloseCode.TRY_AGAIN, 0)
    finally:
        gate.set()


async def test_a_fault_ends_the_process_object_and_sends_everyone_to_a_new_one(
    join: Join, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await join("Ada")
    await ada.expect_saved()
    monkeypatch.setattr(store, "append", lambda batches: 1 / 0)
    ada.type("x")
    await until(lambda: ada.closed is not None, "Ada is sent away")
    assert ada.closed
    assert ada.closed[0] == CloseCode.TRY_AGAIN


async def until_projected(note: Note, title: str, text: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await note.arefresh_from_db()
            if (note.title, note.text) == (title, text):
                return
