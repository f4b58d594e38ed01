"""Code and people write the same text: nothing is doubled, nothing overwritten."""

import asyncio
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, models, transaction
from django.db.models.signals import post_save, pre_save
from django.test import TestCase
from django.test.utils import CaptureQueriesContext, isolate_apps
from django.utils.functional import SimpleLazyObject
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as PropertyTestCase
from pycrdt import Doc, Text

from channels_yjs.consumers import DocumentConsumer
from channels_yjs.drafts import SharedText
from channels_yjs.editing import EditError, aedit, edit
from channels_yjs.hub import doorbell
from channels_yjs.hub.hub import Hub
from channels_yjs.hub.rings import Changed, Saved
from channels_yjs.log import compaction, crdt, store
from channels_yjs.log.store import Batch
from channels_yjs.models import Document, SharedModel, Snapshot, Update
from channels_yjs.names import Author, Owner
from channels_yjs.signals import document_changed
from channels_yjs.testing.peers import Peer, expect_converged, expect_text, until
from channels_yjs.tests.log.test_store import texts_of
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import create_note
from channels_yjs.wire.updates import read_state_vector

FEW = 30
LETTERS = st.text(st.sampled_from("ab \n😀é"), max_size=6)


class Kind(str, Enum):  # noqa: UP042  # of a project that is older than StrEnum
    B = "b"


def write(note: Note, text: str, by: Any = "Robot") -> None:
    with edit(note, by=by) as draft:
        draft["body"] += text


def fail(words: str) -> str:
    raise ZeroDivisionError(words)


def body(note: Note) -> str:
    return texts_of(Document.objects.find(note))[1]


@pytest.fixture
def changes() -> Iterator[list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []

    def listen(**said: Any) -> None:
        heard.append(said)

    document_changed.connect(listen)
    yield heard
    document_changed.disconnect(listen)


# The draft


def test_a_shared_text_is_written_in_as_a_list_of_characters_is() -> None:
    text = SharedText("Tea 😀 at four", "text", Note())
    text.insert(4, "é")
    del text[5]
    text[0:3] = "Milk"
    text[-4:] = "five"
    text += "!"
    assert str(text) == text == "Milk é at five!"
    assert (len(text), text[5], text[-1], "at" in text) == (15, "é", "!", True)
    text.clear()
    assert text == ""
    with pytest.raises(IndexError):
        del text[0]
    with pytest.raises(ValueError, match="slices with a step"):
        text[::2] = "x"
    with pytest.raises(ValueError, match="half a surrogate pair"):
        text += "\ud83d"


class CharacterTests(PropertyTestCase):
    @given(LETTERS, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), LETTERS), max_size=5))
    @hypothesis_settings(max_examples=FEW)
    def test_positions_count_characters(self, first: str, splices: list[tuple[int, int, str]]) -> None:
        note = Note.objects.create(text=first)
        with edit(note) as draft:
            plain = first
            for start, end, new in splices:
                draft["body"][start:end] = new
                plain = plain[:start] + new + plain[max(start, end) :]
            assert draft["body"] == plain
        assert (body(note), note.text) == (plain, plain)


@pytest.mark.django_db
def test_line_ends_become_those_of_editors() -> None:
    note = create_note()
    with edit(note) as draft:
        draft["body"] += "one\r\ntwo\rthree"
        draft["title"] += "one\r\nline"
    assert texts_of(Document.objects.find(note)) == ("one line", "one\ntwo\nthree")
    with pytest.raises(KeyError), edit(note) as draft:
        draft["minutes"] += "no such text"


# What is kept


@pytest.mark.django_db
def test_an_edit_is_one_row_of_the_log_and_the_field_follows_at_once(changes: list[dict[str, Any]]) -> None:
    note = create_note("Plans", "Tea")
    with TestCase.captureOnCommitCallbacks(execute=True), edit(note, by="Robot") as draft:
        draft["body"] += " at four"
        draft["title"].insert(0, "Our ")
        draft["body"] += "!"
    [row] = Update.objects.filter(seq=2)
    assert row.authors == [["Robot", ""]]
    assert (note.title, note.text) == ("Our Plans", "Tea at four!")
    note.refresh_from_db()
    assert (note.title, note.text) == ("Our Plans", "Tea at four!")
    [said] = changes
    assert said["by"] == (Author("Robot"),)
    assert set(said["changed"]) == {"title", "text"}
    assert (said["sender"], said["instance"].text, said["seq"]) == (Note, "Tea at four!", 2)


@pytest.mark.django_db
def test_only_what_differs_is_written() -> None:
    """A text that is set as a whole deletes nothing of what stays: what others write there keeps its place."""
    note = create_note(body="one two three")
    with edit(note) as draft:
        draft["body"] = "one 2 three"
    [row] = Update.objects.filter(seq=2)
    assert len(row.payload) < 40
    with edit(note) as draft:
        draft["body"] = str(draft["body"])
    assert Update.objects.count() == 2


@pytest.mark.django_db
def test_an_exception_changes_nothing(changes: list[dict[str, Any]]) -> None:
    note = create_note(body="Tea")
    with pytest.raises(ZeroDivisionError), edit(note) as draft:
        draft["body"] += fail(" at four")
    assert (body(note), Update.objects.count(), changes) == ("Tea", 1, [])


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_heard_of_by_nobody(
    changes: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Any] = []
    note = create_note(body="Tea")
    monkeypatch.setattr(doorbell, "ring", lambda group, ring: rung.append(ring))

    def write_and_fail() -> None:
        write(note, " at four")
        write(note, "!")
        fail(body(note))

    with pytest.raises(ZeroDivisionError, match="Tea at four!"), transaction.atomic():
        write_and_fail()
    assert (body(note), Update.objects.count(), changes, rung) == ("Tea", 1, [], [])
    with transaction.atomic():
        write(note, " at five")
        assert rung == []
    assert ({type(ring) for ring in rung}, len(rung), len(changes)) == ({Changed, Saved}, 2, 1)


@pytest.mark.django_db
def test_all_edits_are_one_client_and_only_one_that_was_overtaken_gets_another() -> None:
    note = create_note()
    for number in range(3):
        write(note, f"{number}")
    assert len(clients(note)) == 1
    with edit(note) as slow:
        slow["body"] += "slow"
        with edit(note) as quick:
            quick["body"] += "quick"
    assert body(note).startswith("012")
    assert sorted([body(note).count("quick"), body(note).count("slow"), len(body(note))]) == [1, 1, 12]
    assert len(clients(note)) == 2


def clients(note: Note) -> set[int]:
    document = Document.objects.find(note)
    doc = Doc[Any]()
    for row in store.read(document.pk):
        doc.apply_update(row.payload)
    return set(read_state_vector(doc.get_state()))


@pytest.mark.django_db
def test_a_person_who_was_quicker_is_merged_with() -> None:
    note = create_note(body="one two")
    document = Document.objects.find(note)
    with edit(note) as draft:
        draft["body"] = "one 2"
        doc = Doc[Any]()
        for row in store.read(document.pk):
            doc.apply_update(row.payload)
        before = doc.get_state()
        doc.get("body", type=Text).insert(0, "zero ")
        store.append({document.pk: Batch(1, doc.get_update(before))})
    assert (body(note), note.text) == ("zero one 2", "zero one 2")
    assert len(clients(note)) == 3


@pytest.mark.django_db
def test_a_row_that_nobody_has_opened_is_opened_with_its_field_once() -> None:
    note = Note.objects.create(text="Tea")
    write(note, " at four")
    assert (body(note), note.text) == ("Tea at four", "Tea at four")


@pytest.mark.django_db
def test_who_edits_is_a_name_or_an_account() -> None:
    note, ada = create_note(), User.objects.create_user("ada")
    write(note, "1", by=ada)
    write(note, "2", by=Author("Grace", "7"))
    write(note, "3", by="")
    rows = Update.objects.filter(seq__gt=1).order_by("seq")
    assert [row.authors for row in rows] == [[["ada", str(ada.pk)]], [["Grace", "7"]], []]


@pytest.mark.django_db
def test_an_edit_that_does_not_fit_says_so_and_changes_nothing(settings: Any) -> None:
    note = create_note(body="Tea")
    settings.YJS_MAX_DOCUMENT_BYTES = 1000
    with pytest.raises(EditError, match="full"), edit(note) as draft:
        draft["body"] += "x" * 2000
    assert (body(note), note.text) == ("Tea", "Tea")
    with edit(note) as draft:
        draft["body"].clear()
    assert body(note) == ""


@pytest.mark.django_db
def test_what_code_cannot_count_it_does_not_edit() -> None:
    note = create_note(body="Tea")
    document = Document.objects.find(note)
    doc = Doc[Any]()
    doc.apply_update(store.read(document.pk)[0].payload)
    before = doc.get_state()
    doc.get("body", type=Text).insert_embed(1, {"image": "tea.png"})
    store.append({document.pk: Batch(1, doc.get_update(before))})
    with pytest.raises(EditError, match="cannot count"):
        write(note, "!")
    Update.objects.filter(document=document, seq=1).delete()
    with pytest.raises(EditError, match="incomplete"):
        write(note, "!")
    note.delete()
    with pytest.raises(Note.DoesNotExist):
        write(note, "!")


@pytest.mark.django_db
def test_a_document_that_is_deleted_meanwhile_takes_no_edit() -> None:
    note = create_note(body="Tea")
    copy = Note.objects.get(pk=note.pk)
    with pytest.raises(Document.DoesNotExist), edit(copy) as draft:
        draft["body"] += f"Deleted: {note.delete()}"
    assert not Update.objects.exists()


# save()


@pytest.mark.django_db
def test_a_changed_field_is_saved_as_an_edit() -> None:
    note = create_note("Plans", "one two three")
    note.text = "one 2 three"
    with TestCase.captureOnCommitCallbacks(execute=True):
        note.save()
    assert (body(note), Update.objects.count()) == ("one 2 three", 2)
    note.save()
    assert Update.objects.count() == 2


@pytest.mark.django_db
def test_who_saves_again_after_an_error_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a row with the same slug; and what others wrote is there once."""
    note = create_note("", "Tea")
    mine = Note.objects.get(pk=note.pk)
    write(note, " is hot")
    mine.text = "Green Tea"

    def fail_once(*args: Any, **kwargs: Any) -> None:
        monkeypatch.undo()
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(models.Model, "save_base", fail_once)
    with pytest.raises(IntegrityError), transaction.atomic():
        mine.save()
    mine.save()
    assert body(note) == mine.text == "Green Tea is hot"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_open", [True, False])
def test_who_saves_again_after_a_failed_commit_loses_nothing(monkeypatch: pytest.MonkeyPatch, is_open: bool) -> None:
    """As when a foreign key is checked at the commit."""
    note = create_note("", "Tea") if is_open else Note.objects.create(text="Tea")
    mine = Note.objects.get(pk=note.pk)
    mine.text = "Green Tea"

    def fail_once() -> None:
        monkeypatch.undo()
        raise IntegrityError("FOREIGN KEY constraint failed")

    monkeypatch.setattr(connection, "commit", fail_once)
    with pytest.raises(IntegrityError):
        mine.save()
    mine.save()
    note.refresh_from_db()
    assert note.text == mine.text == "Green Tea"


@pytest.mark.django_db(transaction=True)
def test_an_error_after_the_commit_doubles_nothing() -> None:
    note = create_note("", "Tea")
    mine = Note.objects.get(pk=note.pk)
    write(note, " is hot")
    mine.text = "Green Tea"

    def fail_afterwards(**said: Any) -> None:
        transaction.on_commit(lambda: fail("after the commit"))

    pre_save.connect(fail_afterwards, sender=Note)
    try:
        with pytest.raises(ZeroDivisionError):
            mine.save()
    finally:
        pre_save.disconnect(fail_afterwards, sender=Note)
    mine.save()
    assert body(note) == "Green Tea is hot"


@pytest.mark.django_db(transaction=True)
def test_a_compaction_that_fails_is_no_error_of_the_edit(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.YJS_COMPACT_AFTER_UPDATES = 1
    note = create_note("", "Tea")
    monkeypatch.setattr("channels_yjs.editing.compact", lambda document: fail("database is locked"))
    done: list[str] = []
    with transaction.atomic():
        for _ in range(3):
            write(note, "!")
        transaction.on_commit(lambda: done.append("afterwards"))
    assert (body(note), done) == ("Tea!!!", ["afterwards"])


@pytest.mark.django_db
def test_what_is_set_after_the_row_is_saved_is_no_edit() -> None:
    """As for display, by a receiver of post_save."""
    note = create_note("", "Tea")
    note.text = "Green Tea"

    def show(instance: Note, **kwargs: Any) -> None:
        instance.text = f"<p>{instance.text}</p>"

    post_save.connect(show, sender=Note)
    try:
        note.save()
    finally:
        post_save.disconnect(show, sender=Note)
    assert body(note) == "Green Tea"


@pytest.mark.django_db
def test_who_saves_onto_another_row_means_all_of_it() -> None:
    template, note = create_note("Template", "Agenda: tea."), create_note("Old", "Old words")
    copied = Note.objects.get(pk=template.pk)
    copied.pk = note.pk
    copied.save()
    assert texts_of(Document.objects.find(note)) == ("Template", "Agenda: tea.")
    assert body(template) == "Agenda: tea."


@pytest.mark.django_db
def test_a_key_that_is_written_in_another_way_is_the_same_row() -> None:
    note = create_note("", "Tea")
    mine = Note.objects.get(pk=note.pk)
    write(note, " is hot")
    mine.pk = f"0{note.pk}"
    mine.title = "Plans"
    mine.save()
    assert body(note) == "Tea is hot"
    write(mine, "!")
    assert body(note) == "Tea is hot!"
    assert Owner.of(mine) == Owner.of(note)


@pytest.fixture
def shouted() -> Iterator[None]:
    def shout(instance: Note, **kwargs: Any) -> None:
        instance.text = instance.text.upper()

    pre_save.connect(shout, sender=Note)
    yield
    pre_save.disconnect(shout, sender=Note)


@pytest.mark.django_db
@pytest.mark.usefixtures("shouted")
def test_what_a_receiver_changes_before_the_row_is_saved_is_an_edit_too(changes: list[dict[str, Any]]) -> None:
    note = create_note("", "Tea")
    mine = Note.objects.get(pk=note.pk)
    write(note, " is hot")
    mine.text = "Green Tea"
    with TestCase.captureOnCommitCallbacks(execute=True):
        mine.save()
    assert [said["changed"] for said in changes] == [["text"], ["text"]]  # two edits: mine, and the receiver's
    note.refresh_from_db()
    assert body(note) == note.text == mine.text == "GREEN TEA IS HOT"


@pytest.mark.django_db
def test_fields_may_be_named_by_a_generator_and_text_be_a_number() -> None:
    note = create_note("Plans", "Tea")
    note.title = 2026
    note.save(update_fields=(field for field in ["title"]))
    assert texts_of(Document.objects.find(note)) == ("2026", "Tea")


@pytest.mark.django_db
@pytest.mark.skipif(not hasattr(models, "FETCH_PEERS"), reason="from Django 6.1 on")
def test_fields_that_were_fetched_for_all_rows_at_once_are_no_change() -> None:
    notes = [create_note("", f"Tea {number}") for number in range(2)]
    found = Note.objects.defer("text").fetch_mode(models.FETCH_PEERS).order_by("pk")
    first, second = found.filter(pk__in=[note.pk for note in notes])
    assert first.text == "Tea 0"
    write(notes[1], " is hot")
    second.title = "Plans"
    second.save()
    assert body(notes[1]) == "Tea 1 is hot"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_document_that_only_code_writes_does_not_get_full(
    settings: Any, monkeypatch: pytest.MonkeyPatch, is_renamed: bool
) -> None:
    settings.YJS_MAX_DOCUMENT_BYTES = 4_000
    settings.YJS_COMPACT_AFTER_UPDATES = 20
    note = create_note("Plans", "Tea")
    if is_renamed:
        monkeypatch.setattr(Note, "shared_texts", {"heading": "title", "body": "text"})
    for number in range(60):
        with edit(note) as draft:
            draft["body"] = f"Report {number}: " + chr(ord("a") + number % 26) * 200
    assert Update.objects.filter(document__object_id=note.pk).count() <= 21


@pytest.mark.django_db
def test_two_who_save_what_they_loaded_overwrite_nothing_of_each_other() -> None:
    note = create_note("Plans", "one two three")
    ada, grace = Note.objects.get(pk=note.pk), Note.objects.get(pk=note.pk)
    ada.text, grace.text = "ONE two three", "one two THREE"
    grace.title = "Our plans"
    ada.save()
    grace.save()
    assert (grace.text, grace.title) == ("ONE two THREE", "Our plans")
    ada.save()  # changes nothing now, and undoes nothing
    ada.refresh_from_db()
    assert (ada.text, ada.title) == ("ONE two THREE", "Our plans")
    assert texts_of(Document.objects.find(note)) == ("Our plans", "ONE two THREE")


@pytest.mark.django_db
def test_who_saves_into_a_field_that_was_null_deletes_nothing_of_others() -> None:
    note = create_note()
    ada, grace = (Note.objects.get(pk=note.pk) for _ in range(2))
    for person in (ada, grace):
        person.remember_as({"text": None})  # as it is for a field with null=True
    write(note, "Hello")
    ada.text = "Tea"
    ada.save()
    assert sorted(ada.text) == sorted("HelloTea")
    grace.text = ""
    grace.title = "Plans"
    grace.save()
    assert Note.objects.get(pk=note.pk).text == ada.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "shown", "saved", "after"),
    [
        ("A title that is much too long", "A title that is much", "Tea", "Tea"),
        (
            "Plans of the marchy 12th, by Ada",
            "Plans of the marchy",
            "Plans of the March",
            "Plans of the March 12th, by Ada",
        ),
        (
            "A title that is much too long",
            "A title that is much",
            "My title that is much",
            "My title that is much too long",
        ),
        ("A  title of  two spaces", "A  title of  two spa", "Tea", "Tea"),
        ("  Plans  ", "Plans", "Tea", "Tea"),
        ("会議\u3000資料", "会議\u3000資料", "会議", "会議"),
    ],
)
def test_of_a_text_that_is_longer_than_its_field_nothing_stays_behind(
    before: str, shown: str, saved: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not fit goes with the end of what did."""
    monkeypatch.setattr(Note._meta.get_field("title"), "max_length", 20)
    note = create_note("", "Tea")
    with edit(note) as draft:
        draft["title"] = before
    assert note.title == shown
    mine = Note.objects.get(pk=note.pk)
    mine.title = saved
    mine.save()
    assert texts_of(Document.objects.find(note))[0] == after


@isolate_apps("channels_yjs.tests.project")
@pytest.mark.django_db(transaction=True)
def test_a_row_with_a_key_of_its_own_leaves_a_field_to_the_database() -> None:
    class Plan(SharedModel):
        title = models.CharField(max_length=20)
        text = models.TextField(db_default="Tea")
        shared_texts = {"title": "title", "body": "text"}

        class Meta:
            app_label = "project"

    with connection.schema_editor() as editor:
        editor.create_model(Plan)
    try:
        Plan(pk=77, title="Picnic").save()
        assert Plan.objects.get(pk=77).text == "Tea"
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Plan)


@pytest.mark.django_db
def test_no_text_is_an_empty_one() -> None:
    note = create_note("Plans", "Tea")
    with edit(note) as draft:
        draft["body"] = None
    assert (body(note), note.text) == ("", "")


@pytest.mark.django_db
def test_saving_something_else_undoes_nothing() -> None:
    note = create_note("Plans", "Tea")
    old = Note.objects.get(pk=note.pk)
    write(note, " at four")
    old.save()
    note.refresh_from_db()
    assert (note.text, old.text) == ("Tea at four", "Tea at four")
    old.text = "not to be saved"
    old.save(update_fields=["created_at"])
    assert body(note) == "Tea at four"
    old.save(update_fields=["text"])
    assert body(note) == "not to be saved"


@pytest.mark.django_db
def test_a_field_that_was_not_loaded_is_left_alone_or_replaced() -> None:
    note = create_note("Plans", "Tea")
    lean = Note.objects.defer("text").get(pk=note.pk)
    lean.title = "Our plans"
    lean.save()
    assert texts_of(Document.objects.find(note)) == ("Our plans", "Tea")
    blind = Note.objects.defer("text").get(pk=note.pk)
    blind.text = "Tea at four"
    blind.save()
    assert body(note) == "Tea at four"
    made_by_hand = Note(pk=note.pk, title="By hand", text="Milk", created_at=note.created_at)
    made_by_hand.save()
    assert texts_of(Document.objects.find(note)) == ("By hand", "Milk")


@pytest.mark.django_db
def test_a_field_of_a_row_that_nobody_has_opened_is_just_saved() -> None:
    note = Note.objects.create(text="Tea")
    note.text = "Milk"
    note.save()
    assert not Document.objects.exists()
    note.refresh_from_db()
    assert note.text == "Milk"


@pytest.mark.django_db
def test_an_edit_by_saving_that_does_not_fit_saves_nothing(settings: Any) -> None:
    note = create_note("Plans", "Tea")
    settings.YJS_MAX_DOCUMENT_BYTES = 1000
    note.title, note.text = "Long", "x" * 2000
    with pytest.raises(EditError):
        note.save()
    note.refresh_from_db()
    assert (note.title, note.text) == ("Plans", "Tea")


@pytest.mark.django_db
def test_what_bypasses_the_document_is_found_and_said(caplog: pytest.LogCaptureFixture) -> None:
    note = create_note("Plans", "Tea")
    write(note, " at four")
    note.text = "Tea at five"
    note.save()
    write(note, "!")
    assert "field overwritten" not in caplog.text
    Note.objects.filter(pk=note.pk).update(text="Bypassed")
    write(note, "!")
    assert f"field overwritten owner=project.note/{note.pk}" in caplog.text
    assert note.text == "Tea at five!!"


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["text", "title"])
def test_what_bypasses_the_document_is_said_when_somebody_saves(field: str, caplog: pytest.LogCaptureFixture) -> None:
    """Once, and not of what a receiver of pre_save changes."""
    note = create_note("Plans", "Tea")
    write(note, " at four")
    Note.objects.filter(pk=note.pk).update(text="Bypassed")
    mine = Note.objects.get(pk=note.pk)
    setattr(mine, field, getattr(mine, field) + "!")
    mine.save()
    assert caplog.text.count(f"field overwritten owner=project.note/{note.pk}") == 1
    mine.title = "Our plans"
    mine.save()
    assert caplog.text.count("field overwritten") == 1


@pytest.mark.django_db
def test_a_field_that_is_not_saved_stays_as_it_was_set(caplog: pytest.LogCaptureFixture) -> None:
    note = create_note("Plans", "Tea")
    note.title, note.text = "Our plans", "Tea at four"
    note.save(update_fields=["title"])
    assert (note.text, body(note)) == ("Tea at four", "Tea")
    note.save()
    write(note, "!")
    assert (body(note), note.title) == ("Tea at four!", "Our plans")
    assert "field overwritten" not in caplog.text


@pytest.mark.django_db
def test_saving_announces_what_people_wrote_just_before(changes: list[dict[str, Any]]) -> None:
    """No room finds a difference any more that code has brought into the fields."""
    note = create_note("Plans", "Tea")
    stale = Note.objects.get(pk=note.pk)
    write_as_a_person(note, "Ada", " at four", at=3)
    stale.title = "Our plans"
    with TestCase.captureOnCommitCallbacks(execute=True):
        stale.save()
    [said] = changes
    assert (said["changed"], said["instance"].text) == (["text", "title"], "Tea at four")
    assert said["by"] == (Author("Ada"),)


@pytest.mark.django_db
def test_who_saves_one_field_is_named_without_those_who_wrote_another(changes: list[dict[str, Any]]) -> None:
    note = create_note("Plans", "Tea")
    write_as_a_person(note, "Ada", "one ")
    note.title, note.edited_by = "Our plans", "Grace"
    with TestCase.captureOnCommitCallbacks(execute=True):
        note.save(update_fields=["title"])
    [said] = changes
    assert (said["changed"], said["by"]) == (["title"], (Author("Grace"),))


def write_as_a_person(note: Note, name: str, text: str, at: int = 0) -> None:
    """What a browser would have sent, which no field follows yet."""
    document = Document.objects.find(note)
    read = store.read(document.pk)
    person = Doc[Any](client_id=len(read))
    person.apply_update(crdt.merge([row.payload for row in read]))
    before = person.get_state()
    person.get("body", type=Text).insert(at, text)
    store.append({document.pk: Batch(document.seq, person.get_update(before), document.identity, (Author(name),))})


@pytest.mark.django_db
def test_who_wrote_is_named_once_with_what_the_fields_lacked(changes: list[dict[str, Any]]) -> None:
    note = create_note("Plans", "Tea")
    for word, author in {"one ": "Ada", "two ": "Grace"}.items():
        write_as_a_person(note, author, word)
        with TestCase.captureOnCommitCallbacks(execute=True), edit(note, by="Robot") as draft:
            draft["body"] += "!"
    assert [said["by"] for said in changes] == [
        (Author("Ada"), Author("Robot")),
        (Author("Grace"), Author("Robot")),
    ]


@pytest.mark.django_db
def test_what_a_receiver_saves_is_an_edit() -> None:
    note = create_note("Plans", "Tea")

    def review(instance: Note, changed: list[str], **said: Any) -> None:
        if "text" in changed:
            instance.title = "Reviewed"
            instance.save()

    document_changed.connect(review)
    try:
        with TestCase.captureOnCommitCallbacks(execute=True):
            write(note, " at four")
    finally:
        document_changed.disconnect(review)
    assert texts_of(Document.objects.find(note)) == ("Reviewed", "Tea at four")


@pytest.mark.django_db
def test_a_row_of_another_database_is_saved_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its key may be that of another row here, whose document it is not."""
    note = create_note("Plans", "Tea")
    archived = Note.objects.get(pk=note.pk)
    archived._state.db = "archive"
    saved: list[str] = []
    monkeypatch.setattr(models.Model, "save", lambda self, **kwargs: saved.append(self.text))
    archived.text = "As it was"
    archived.save()
    assert (saved, body(note)) == (["As it was"], "Tea")


class ReadsFromReplica:
    """A router of a project with replicas, of which none is there: a test that reads from one fails."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"


@pytest.mark.django_db
def test_a_row_of_another_database_has_no_document() -> None:
    note = create_note("Plans", "Tea")
    archived = Note.objects.get(pk=note.pk)
    archived._state.db = "archive"
    with pytest.raises(ValueError, match=rf"project.Note {note.pk} is a row of the database 'archive'"):
        write(archived, " at four")
    with pytest.raises(ValueError, match="documents are of rows of the default one"):
        _ = archived.document_identity
    found = Note._meta.get_field("yjs_documents").bulk_related_objects([archived], using="archive")
    assert (list(found), body(note)) == ([], "Tea")


@pytest.mark.django_db
def test_documents_are_read_where_they_are_written_whatever_a_router_says(settings: Any) -> None:
    note = create_note("Plans", "Tea")
    settings.DATABASE_ROUTERS = [ReadsFromReplica()]
    note._state.db = "replica"  # as a view has read it
    note.text = "Tea at four"
    note.save()
    write(note, "!")
    assert body(note) == "Tea at four!"
    compaction.compact(Document.objects.find(note))
    write(note, "!")
    assert body(note) == "Tea at four!!"


@pytest.mark.django_db
def test_other_line_ends_are_no_change_and_undo_nothing(
    caplog: pytest.LogCaptureFixture, changes: list[dict[str, Any]]
) -> None:
    """A browser sends each text of a form with CR LF, whether somebody changed it or not."""
    note = create_note("Plans", "Tea\nat four")
    loaded = Note.objects.get(pk=note.pk)
    with edit(note) as draft:
        draft["title"] = "New plans"
    with TestCase.captureOnCommitCallbacks(execute=True):
        loaded.text = "Tea\r\nat four"
        loaded.save()
        write(note, "!")
    note.refresh_from_db()
    assert (note.title, note.text) == ("New plans", "Tea\nat four!")
    assert "field overwritten" not in caplog.text
    assert Update.objects.filter(document=Document.objects.find(note)).count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [["title"], iter(["title"])], ids=["a list", "an iterator"])
def test_fields_that_are_not_read_again_keep_their_changes(fields: Any) -> None:
    note = create_note("Plans", "Tea")
    note.text = "Tea at four"
    note.refresh_from_db(None, fields)
    note.save()
    assert body(note) == "Tea at four"


@pytest.mark.django_db
def test_what_has_changed_is_what_the_row_did_not_say(changes: list[dict[str, Any]]) -> None:
    """Not what the object did not say, which was loaded before others wrote."""
    note = create_note("Plans", "ab")
    loaded = Note.objects.get(pk=note.pk)
    with TestCase.captureOnCommitCallbacks(execute=True):
        with edit(note) as draft:
            draft["body"], draft["title"] = "a", "New plans"
        loaded.text = "abb"
        loaded.save()
    assert body(note) == "ab"
    assert [sorted(change["changed"]) for change in changes] == [["text", "title"], ["text"]]


@pytest.mark.django_db
@pytest.mark.parametrize("name", [7, None, "Ada"])
def test_accounts_may_be_named_by_anything(name: Any) -> None:
    user = User(pk=3)
    user.get_username = lambda: name  # type: ignore[method-assign]
    assert Author.of(user) == Author("" if name is None else str(name), "3")
    consumer = DocumentConsumer()
    consumer.scope = {"user": user}
    assert consumer.presence_name() == ("" if name is None else str(name))


async def test_an_async_view_may_edit_as_the_user_of_its_request(note: Note) -> None:
    """Who is read from the database only when somebody looks."""
    ada = await User.objects.acreate(username="ada")
    lazy = SimpleLazyObject(lambda: User.objects.get(pk=ada.pk))
    async with aedit(note, by=lazy) as draft:
        draft["body"] += "Tea"
    newest = await Update.objects.alatest("seq")
    assert newest.authors == [["ada", str(ada.pk)]]


@pytest.mark.django_db
def test_both_rows_are_locked_in_the_order_in_which_code_locks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row that code saves, and then its document; and without the joins of the model's own order."""
    note = create_note("Plans", "Tea")
    monkeypatch.setattr(Note._meta, "ordering", ["title"])
    with CaptureQueriesContext(connection) as queries:
        write(note, " at four")
    read = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    owner_at = min(at for at, sql in enumerate(read) if 'FROM "project_note"' in sql)
    locks = [at for at, sql in enumerate(read) if sql.startswith("SELECT id, identity, seq")]
    assert owner_at < min(locks)
    assert not [sql for sql in read if 'ORDER BY "project_note"."title"' in sql]
    assert any('FROM "channels_yjs_document"' in sql for sql in read[owner_at:])


@pytest.mark.django_db
def test_a_text_that_is_shared_later_begins_with_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Note, "shared_texts", {"title": "title"})
    note = create_note("Plans", "In the column for years")
    with edit(note) as draft:
        draft["title"] += "!"
    monkeypatch.undo()
    with edit(note) as draft:
        draft["title"] += "!"
    note.refresh_from_db()
    assert (note.title, note.text) == ("Plans!!", "In the column for years")
    assert texts_of(Document.objects.of(note)) == ("Plans!!", "In the column for years")
    count = Update.objects.count()
    monkeypatch.setattr(Note, "shared_texts", {"body": "text"})
    assert Document.objects.of(note).seq == count  # one fewer is no reason to begin again


class SavingTests(PropertyTestCase):
    @given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 3)), max_size=8))
    @example([(0, 7, 0), (0, 0, 2), (0, 0, 0), (1, 7, 2), (0, 10, 3)])
    @example([(1, 2, 1), (0, 2, 3), (1, 1, 3)])
    @hypothesis_settings(max_examples=FEW)
    def test_nothing_is_doubled_and_nothing_lost(self, steps: list[tuple[int, int, int]]) -> None:
        """Three hold an object for a while: each saves words of their own, and deletes words of the first text."""
        note = create_note(body="abcdefghijkl")
        held = [Note.objects.get(pk=note.pk) for _ in range(3)]
        deleted: set[str] = set()
        for number, (who, at, length) in enumerate(steps):
            text = held[who].text
            gone = "".join(letter for letter in text[at : at + length] if letter.islower())
            kept = [letter for letter in text[at : at + length] if not letter.islower()]
            held[who].text = text[:at] + "".join(kept) + f"[{number}]" + text[at + length :]
            held[who].save()
            deleted |= set(gone)
        text = body(note)
        assert sorted(letter for letter in text if letter.islower()) == sorted(set("abcdefghijkl") - deleted)
        for number in range(len(steps)):
            assert text.count(f"{number}") == 1


# With people


async def test_people_see_what_code_writes_and_code_what_they_write(
    note: Note, start_hub: Callable[[], Hub], changes: list[dict[str, Any]]
) -> None:
    ada, grace = Peer("Ada"), Peer("Grace")
    for peer in (ada, grace):
        await peer.join(start_hub(), note)
    ada.type("Tea")
    await ada.expect_saved()
    async with aedit(note, by="Robot") as draft:
        draft["body"] += " at four"
    await expect_text("Tea at four", ada, grace)
    grace.type("!")
    await expect_text("Tea at four!", ada, grace)

    def save() -> None:
        row = Note.objects.get(pk=note.pk)
        row.text = row.text.replace("Tea", "Milk")
        row.save()

    await until(lambda: any(said["texts"]["body"] == "Tea at four!" for said in changes), "the field follows")
    await sync_to_async(save)()
    await expect_text("Milk at four!", ada, grace)
    authors = {author.name for said in changes for author in said["by"]}
    assert authors == {"Ada", "Robot", "Grace"}


@pytest.mark.parametrize("seed", range(3))
async def test_people_and_code_at_once(note: Note, start_hub: Callable[[], Hub], seed: int) -> None:
    hubs = [start_hub(), start_hub()]
    peers = [Peer(name) for name in ("Ada", "Grace")]
    for peer, hub in zip(peers, hubs, strict=True):
        await peer.join(hub, note)

    async def type_words(peer: Peer) -> None:
        for number in range(10):
            peer.type(f"({peer.name}{number})", at=(number * 7 + seed) % (len(peer.text) + 1) if seed else None)
            await asyncio.sleep(0)

    async def edit_words() -> None:
        for number in range(10):
            async with aedit(note, by="Robot") as draft:
                draft["body"] += f"<{number}>"

    def save_words() -> None:
        row = Note.objects.get(pk=note.pk)
        for number in range(10):
            row.text = f"[{number}]" + row.text
            row.save()
            if number == 5:
                compaction.compact(Document.objects.find(note))
        connection.close()

    await asyncio.gather(*map(type_words, peers), edit_words(), sync_to_async(save_words, thread_sensitive=False)())
    await until(lambda: all(peer.text.count("]") == peer.text.count(">") == 10 for peer in peers), "all is there")
    text = await expect_converged(*peers)
    for number in range(10):
        assert text.count(f"<{number}>") == text.count(f"[{number}]") == 1
        if not seed:
            assert text.count(f"(Ada{number})") == text.count(f"(Grace{number})") == 1
    assert await Snapshot.objects.acount() == 1


# Unusual projects


@pytest.mark.django_db
def test_async_code_within_a_transaction_does_not_close_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing it would lose the transaction; an async receiver of post_save is always in one."""
    closed: list[str] = []
    monkeypatch.setattr(connection, "close", lambda: closed.append("closed"))
    note = create_note("Plans", "Tea")

    async def work() -> None:
        async with aedit(note) as draft:
            draft["body"] += " at four"

    async_to_sync(work)()
    assert not closed
    assert note.text == "Tea at four"


@pytest.mark.django_db
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "never opened"])
def test_two_who_loaded_a_row_and_save_it_do_not_undo_each_other(is_open: bool) -> None:
    pk = Note.objects.create(text="The quick fox").pk
    ada, grace = Note.objects.get(pk=pk), Note.objects.get(pk=pk)
    if is_open:
        Document.objects.of(ada)
    ada.text = "The very quick fox"
    ada.save()
    assert Document.objects.has(ada) is is_open  # one alone needs none
    grace.text = "The quick fox jumps"
    grace.save()
    ada.refresh_from_db()
    assert ada.text == grace.text == body(ada) == "The very quick fox jumps"


@pytest.mark.django_db
def test_what_a_receiver_changes_in_a_row_that_nobody_has_opened_is_no_edit() -> None:
    pk = Note.objects.create(text="Tea").pk

    def shout(instance: Note, **kwargs: Any) -> None:
        instance.text += "!"

    pre_save.connect(shout, Note)
    try:
        note = Note.objects.get(pk=pk)
        note.text = "Green tea"
        note.save()
    finally:
        pre_save.disconnect(shout, Note)
    note.refresh_from_db()
    assert note.text == "Green tea!"
    assert not Document.objects.has(note)


@pytest.mark.django_db
def test_arguments_of_save_may_be_given_by_their_place() -> None:
    """As older models do, up to Django 5.2."""
    note = create_note("Plans", "Tea")
    note.title, note.text = "New plans", "a draft"
    note.save(False, False, None, ["title"])
    assert texts_of(Document.objects.find(note)) == ("New plans", "Tea")
    note.refresh_from_db()
    assert (note.title, note.text) == ("New plans", "Tea")


@pytest.mark.django_db
def test_a_row_that_was_loaded_from_another_database_is_news_to_this_one() -> None:
    create_note("Plans", "Tea")
    note = Note.objects.get()
    note._state.db = "archive"
    note.text = "Tea at four"
    note.save(using="default")
    assert body(note) == "Tea at four"


@pytest.mark.django_db
def test_the_row_may_be_a_lazy_object() -> None:
    """As request.user is: a model of users may be shared."""
    note = create_note("Plans", "Tea")
    lazy: Any = SimpleLazyObject(lambda: Note.objects.get(pk=note.pk))
    write(lazy, " at four")
    assert Owner.of(lazy) == Owner.of(note)
    assert body(note) == "Tea at four"


@pytest.mark.django_db
def test_a_manager_may_join_other_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL locks no row of a table that is joined, and may have none."""

    class Joining(models.Manager[Note]):
        def get_queryset(self) -> models.QuerySet[Note]:
            return super().get_queryset().select_related("nothing")

    joining = Joining()
    joining.model = Note
    monkeypatch.setitem(Note._meta.__dict__, "base_manager", joining)
    note = Note.objects.create(text="Tea")
    write(note, " at four")
    assert body(note) == "Tea at four"


@pytest.mark.django_db
def test_a_text_that_a_constraint_refuses_waits_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    note = create_note("Plans", "Tea")
    has_title = models.CheckConstraint(condition=~models.Q(title=""), name="has_title")
    monkeypatch.setattr(Note._meta, "constraints", [has_title])
    with edit(note) as draft:
        draft["title"] = ""
        draft["body"] += " at four"
    assert (note.title, note.text) == ("Plans", "Tea at four")
    note.text += "!"
    note.save()
    note.refresh_from_db()
    assert (note.title, note.text) == ("Plans", "Tea at four!")
    assert texts_of(Document.objects.find(note)) == ("", "Tea at four!")
    with edit(note) as draft:
        draft["title"] = "New plans"
    assert note.title == "New plans"


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "stored"), [(0, "0"), (Kind.B, "b")])
def test_what_is_no_text_becomes_one_as_the_database_takes_it(text: Any, stored: str) -> None:
    note = create_note("Plans", "Tea")
    note.text = text
    note.save()
    assert body(note) == stored


@pytest.mark.django_db
def test_a_text_that_is_shared_later_is_no_bypass(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Note, "shared_texts", {"body": "text"})
    note = Note.objects.create(title="Plans", text="Tea")
    write(note, " at four")
    monkeypatch.setattr(Note, "shared_texts", {"title": "title", "body": "text"})
    write(Note.objects.get(), "!")
    assert texts_of(Document.objects.find(note)) == ("Plans", "Tea at four!")
    assert "field overwritten" not in caplog.text
