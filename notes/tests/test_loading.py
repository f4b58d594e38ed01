"""Dumping and loading: every note comes back whole, and nothing that is there is written over."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import IntegrityError

from notes import documents, rooms
from notes.documents import create_note
from notes.models import Note, Snapshot, Update
from notes.process import Process
from notes.tests.peers import Peer, expect_text, until
from notes.tests.test_documents import Typist, append, texts_of

pytestmark = pytest.mark.django_db(transaction=True)
WELCOME = import_module("notes.migrations.0002_welcome")
IN_SNAPSHOT, AFTER_IT = 54, 3


def make_new_database() -> Note:
    """As `migrate` leaves it."""
    call_command("flush", interactive=False)
    return create_note(WELCOME.TITLE, WELCOME.BODY, client_id=1)


def write_first_note() -> Note:
    """A note 1 with a snapshot and newer rows."""
    note, typist = make_new_database(), Typist()
    append(note, *(typist.type(f"<{number}>") for number in range(IN_SNAPSHOT)))
    documents.compact(note.pk)
    append(note, *(typist.type(f"<{number}>") for number in range(IN_SNAPSHOT, IN_SNAPSHOT + AFTER_IT)))
    return note


def log_of(note: Note) -> tuple[Any, ...]:
    newest = Note.objects.values_list("identity", "seq").get(pk=note.pk)
    rows = list(Update.objects.filter(note=note).order_by("seq").values_list("seq", "payload"))
    return newest, rows, list(Snapshot.objects.filter(note=note).values_list("seq", "state"))


@pytest.fixture
def dump(tmp_path: Path) -> Callable[[], Path]:
    def dump() -> Path:
        path = tmp_path / "dump.json"
        call_command("dumpdata", "notes", output=str(path))
        return path

    return dump


def load(path: Path) -> None:
    call_command("loaddata", str(path), verbosity=0)


async def test_a_note_that_was_moved_is_whole_after_it_was_open(
    dump: Callable[[], Path], start_process: Callable[[], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "IDLE_SECONDS", 0.05)
    note = await sync_to_async(write_first_note)()
    before = await sync_to_async(texts_of)(note)
    path = await sync_to_async(dump)()
    await sync_to_async(make_new_database)()
    await sync_to_async(load)(path)
    process, ada = start_process(), Peer("Ada")
    await ada.join(process, note.pk)
    await expect_text(before[1], ada)
    ada.cut()
    await until(lambda: not process.rooms, "the room has fallen idle and is closed")
    await sync_to_async(call_command)("compact_notes")
    assert await sync_to_async(texts_of)(note) == before
    assert f"<{IN_SNAPSHOT + AFTER_IT - 1}>" in before[1]


def test_what_was_dumped_is_what_is_loaded(dump: Callable[[], Path]) -> None:
    notes = [write_first_note(), create_note("Plans", "Tea at four")]
    before = [log_of(note) for note in notes]
    path = dump()
    make_new_database()
    load(path)
    assert [log_of(note) for note in notes] == before
    assert create_note().pk == notes[-1].pk + 1


def test_a_first_row_under_another_key_takes_the_place_of_the_one_that_migrate_made(dump: Callable[[], Path]) -> None:
    note = make_new_database()
    Update.objects.filter(note=note).update(id=7)
    append(note, Typist().type("More"))
    before, path = log_of(note), dump()
    make_new_database()
    load(path)
    assert log_of(note) == before


def test_a_note_that_was_written_in_while_it_was_dumped_can_be_opened_and_written(dump: Callable[[], Path]) -> None:
    note = write_first_note()
    before, path = texts_of(note), dump()
    objects = json.loads(path.read_text())
    [dumped] = [thing["fields"] for thing in objects if thing["model"] == "notes.note"]
    dumped["seq"] -= AFTER_IT - 1  # its row was dumped first, and then people wrote
    path.write_text(json.dumps(objects))
    make_new_database()
    load(path)
    append(note, Typist().type("More"))
    documents.compact(note.pk)
    assert texts_of(note)[1].replace("More", "") == before[1]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_note_that_people_have_made_here_is_not_written_over(dump: Callable[[], Path], is_first: bool) -> None:
    write_first_note()
    create_note("Dumped")
    path = dump()
    note = make_new_database()
    if is_first:
        append(note, Typist().type("Written here"))
    else:
        note = create_note("Made here")
    before = log_of(note)
    with pytest.raises(IntegrityError, match=rf"note {note.pk} is in use.*Load it into a new database"):
        load(path)
    assert log_of(note) == before


def test_no_row_of_another_note_is_written_over(dump: Callable[[], Path]) -> None:
    path = dump_of_a_note_without_the_first(dump)
    note = make_new_database()
    before = log_of(note)
    with pytest.raises(IntegrityError, match="the update with the key 1 belongs to a note of this database"):
        load(path)
    assert log_of(note) == before


def dump_of_a_note_without_the_first(dump: Callable[[], Path]) -> Path:
    first, other = make_new_database(), create_note("Other")
    first.delete()
    Update.objects.filter(note=other).update(id=1)
    return dump()
