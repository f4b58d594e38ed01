"""A model with shared texts: its document begins with its fields, which follow it, and ends with its row."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import InMemoryChannelLayer
from django.db import connection, connections, models
from django.db.models.signals import post_delete, post_save, pre_delete
from django.test import TestCase
from django.test.utils import isolate_apps

from channels_yjs.checks import faults_of
from channels_yjs.editing import edit
from channels_yjs.hub import doorbell
from channels_yjs.hub.hub import Hub
from channels_yjs.hub.rings import Changed, Deleted, Recheck, Saved
from channels_yjs.log import store
from channels_yjs.log.first import first_update
from channels_yjs.log.replica import Replica, Row
from channels_yjs.models import Document, SharedModel, Snapshot, Update
from channels_yjs.names import Owner
from channels_yjs.signals import document_changed
from channels_yjs.testing.peers import PATIENCE_SECONDS, Peer, expect_text, until
from channels_yjs.tests.log.test_store import texts_of
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import NAMES, create_document, create_note

MANY = 10


@pytest.fixture
def changes() -> Iterator[list[dict[str, Any]]]:
    """The calls of document_changed."""
    heard: list[dict[str, Any]] = []

    def listen(**said: Any) -> None:
        heard.append(said)

    document_changed.connect(listen)
    yield heard
    document_changed.disconnect(listen)


@pytest.mark.django_db
def test_a_model_may_say_what_its_texts_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Note, "first_texts", lambda self: {"title": self.title.upper(), "body": f"# {self.title}"})
    assert texts_of(create_document("Plans")) == ("PLANS", "# Plans")


@pytest.mark.django_db(transaction=True)
def test_a_text_becomes_shared_once_however_many_open_it_at_once() -> None:
    note, start = Note.objects.create(title="Plans", text="Tea at four"), Barrier(MANY)

    def open_it(_: int) -> int:
        start.wait()
        try:
            return Document.objects.of(note).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(MANY) as threads:
        assert len(set(threads.map(open_it, range(MANY)))) == 1
    document = Document.objects.get()
    assert texts_of(document) == ("Plans", "Tea at four")
    assert (document.seq, document.updates.count()) == (1, 1)


@pytest.mark.django_db
def test_the_first_text_is_that_of_the_database_and_not_of_an_object_that_was_read_before() -> None:
    note = Note.objects.create(text="Read before")
    Note.objects.filter(pk=note.pk).update(text="As it is")
    assert texts_of(Document.objects.of(note)) == ("", "As it is")


@pytest.mark.django_db
def test_a_row_that_is_gone_gets_no_document() -> None:
    with pytest.raises(Note.DoesNotExist):
        Document.objects.of(Note(pk=404))
    assert not Document.objects.exists()


def test_the_same_texts_make_the_same_first_update() -> None:
    """Browsers that know only an address then have a text once, if the database is recreated with it."""
    texts = {"title": "Plans", "body": "Tea 😀"}
    assert first_update(texts) == first_update(dict(texts)) != first_update({**texts, "title": "Other plans"})
    assert Replica(NAMES, [Row(0, 1, first_update(texts))]).texts == texts


@pytest.mark.django_db
@pytest.mark.parametrize("is_in_bulk", [False, True])
def test_a_document_is_deleted_with_its_row_and_no_other(is_in_bulk: bool) -> None:
    note, kept = create_note("Gone"), create_document("Kept")
    if is_in_bulk:
        Note.objects.filter(pk=note.pk).delete()
    else:
        note.delete()
    assert list(Document.objects.all()) == [kept]
    assert list(Update.objects.values_list("document_id", flat=True)) == [kept.pk]
    assert not Snapshot.objects.exists()


@pytest.mark.django_db
def test_code_is_told_what_the_fields_have_become(changes: list[dict[str, Any]]) -> None:
    note = create_note("Plans")
    document = Document.objects.find(note)
    texts = {"title": "Plans", "body": "Tea"}
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert store.project(document, texts, seq=7)
    [said] = changes
    assert (said["sender"], said["instance"], said["texts"], said["seq"]) == (Note, note, texts, 7)
    assert said["instance"].text == "Tea"
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert not store.project(document, texts, seq=8)
    assert len(changes) == 1


@isolate_apps("channels_yjs.tests.project")
@pytest.mark.django_db
def test_a_model_may_have_a_field_project(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ticket(SharedModel):
        body = models.TextField()
        project = models.ForeignKey(Note, models.CASCADE)
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"

    assert not list(faults_of(Ticket))
    monkeypatch.setattr(Note, "project", Ticket.project)  # rather than a table of its own
    note = create_note()
    assert store.project(Document.objects.find(note), {"title": "", "body": "Tea"})
    note.refresh_from_db()
    assert note.text == "Tea"


@pytest.mark.django_db
def test_a_receiver_that_fails_does_not_keep_the_field_from_following(caplog: pytest.LogCaptureFixture) -> None:
    def fail(**said: Any) -> None:
        raise ValueError("on purpose")

    document_changed.connect(fail)
    try:
        note = create_note()
        with TestCase.captureOnCommitCallbacks(execute=True):
            assert store.project(Document.objects.find(note), {"title": "", "body": "Tea"})
    finally:
        document_changed.disconnect(fail)
    note.refresh_from_db()
    assert note.text == "Tea"
    assert "on purpose" in caplog.text


@pytest.mark.django_db
def test_every_process_hears_of_what_code_saves_and_deletes(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(doorbell, "ring", lambda group, ring: rung.append(ring))
    with TestCase.captureOnCommitCallbacks(execute=True):
        note = create_note("Plans")
    assert rung == [Changed(Owner("project.note", str(note.pk)))]
    document = Document.objects.find(note)
    with TestCase.captureOnCommitCallbacks(execute=True):
        note.save()
    assert len(rung) == 2
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert store.project(document, {"title": "Plans", "body": "Tea"})  # the room reports this change
    assert len(rung) == 2
    owner = Owner.of(note)
    with TestCase.captureOnCommitCallbacks(execute=True), edit(note) as draft:
        draft["body"] += " at four"
    assert set(rung[2:]) == {Changed(owner), Saved(document.pk)}
    rung.clear()
    with TestCase.captureOnCommitCallbacks(execute=True):
        note.delete()
    assert set(rung) == {Changed(owner), Deleted(document.pk)}


def test_code_gives_up_on_a_channel_layer_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And does not wait for it again for each of a thousand rows."""
    tries: list[Any] = []

    async def hang(layer: Any, *said: Any) -> None:
        tries.append(said)
        await asyncio.Event().wait()

    monkeypatch.setattr(doorbell, "_hangs_until", 0.0)
    monkeypatch.setattr(doorbell, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(InMemoryChannelLayer, "group_send", hang)
    for pk in ("1", "2", "3"):
        doorbell.ring(doorbell.EVERYONE, Changed(Owner("project.note", pk)))
    assert "ring lost group=channels_yjs.everyone" in caplog.text
    assert len(tries) == 1
    doorbell.ring(doorbell.EVERYONE, Recheck(Owner("project.note", "1")))  # which nothing else makes up for soon
    assert len(tries) == 2
    monkeypatch.undo()
    assert doorbell._hangs_until == 0.0


async def test_a_ring_from_a_notebook_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """There an event loop runs in the thread of blocking code."""
    heard: list[Any] = []

    async def hear(layer: Any, group: str, message: dict[str, Any]) -> None:
        heard.append(message["type"])

    monkeypatch.setattr(InMemoryChannelLayer, "group_send", hear)
    doorbell.ring(doorbell.EVERYONE, Recheck(Owner("project.note", "1")))
    assert len(heard) == 1


def test_threads_and_connections_end_with_an_event_loop_that_nobody_has_tidied_up(
    note: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a project's own test of a consumer: PostgreSQL deletes no database that somebody is connected to."""
    hubs: list[Hub] = []

    async def look_at_the_note() -> None:
        hubs.append(Hub().run())
        await Peer("Ada").join(hubs[0], note)

    before = set(threading.enumerate())
    closed: list[threading.Thread] = []
    close_all = connections.close_all

    def note_who_closes() -> None:
        closed.append(threading.current_thread())
        close_all()

    monkeypatch.setattr(connections, "close_all", note_who_closes)
    asyncio.run(look_at_the_note())
    left = {thread for thread in threading.enumerate() if "asyncio" not in thread.name} - before
    assert len(set(closed)) >= 2
    assert not left & set(closed)


@pytest.mark.django_db
def test_a_row_that_is_opened_while_it_is_deleted_leaves_no_document() -> None:
    note = Note.objects.create(title="Plans")

    def open_late(instance: Note, **kwargs: Any) -> None:
        Document.objects.of(instance)  # Django has looked for the documents that go with the row before

    pre_delete.connect(open_late, sender=Note)
    try:
        note.delete()
    finally:
        pre_delete.disconnect(open_late, sender=Note)
    assert not Document.objects.exists()
    assert not Update.objects.exists()


@pytest.mark.django_db
def test_rows_that_are_deleted_together_take_each_document_along_once() -> None:
    notes = [create_note(f"{number}") for number in range(3)]
    deleted: list[int] = []

    def note_down(instance: Document, **kwargs: Any) -> None:
        deleted.append(instance.pk)

    post_delete.connect(note_down, sender=Document)
    try:
        _, by_model = Note.objects.filter(pk__in=[note.pk for note in notes]).delete()
    finally:
        post_delete.disconnect(note_down, sender=Document)
    assert len(deleted) == len(set(deleted)) == by_model["channels_yjs.Document"] == 3


@pytest.mark.django_db
def test_nobody_hears_of_rows_of_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their keys may be those of rows here."""
    note = create_note("Plans")
    document = Document.objects.find(note)
    rung: list[Any] = []
    monkeypatch.setattr(doorbell, "ring", lambda group, ring: rung.append(ring))
    with TestCase.captureOnCommitCallbacks(execute=True):
        post_save.send(Note, instance=note, using="archive", created=False, raw=False, update_fields=None)
        for row in (document, note):
            pre_delete.send(type(row), instance=row, using="archive")
            post_delete.send(type(row), instance=row, using="archive")
    assert rung == []
    assert Document.objects.has(note)


async def test_people_who_open_a_row_that_nobody_has_opened_read_its_field(
    transactional_db: None, start_hub: Callable[[], Hub]
) -> None:
    note = await Note.objects.acreate(title="Plans", text="Tea at four")
    people = [Peer(name) for name in ("Ada", "Grace")]
    for person, hub in zip(people, (start_hub(), start_hub()), strict=True):
        await person.join(hub, note)
    await expect_text("Tea at four", *people)
    people[0].type("!")
    await expect_text("Tea at four!", *people)

    async def field() -> str:
        await note.arefresh_from_db()
        return note.text

    async with asyncio.timeout(PATIENCE_SECONDS):
        while await field() != "Tea at four!":
            pass
    assert await sync_to_async(Update.objects.count)() == 2
    await until(lambda: all(person.texts["title"] for person in people), "both read the title")
