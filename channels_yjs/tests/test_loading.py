"""Dumping and loading: every note comes back whole, and no existing row is overwritten."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import IntegrityError

from channels_yjs.hub.hub import Hub
from channels_yjs.log import compaction
from channels_yjs.models import Document, Snapshot
from channels_yjs.rooms import room as room_module
from channels_yjs.testing.peers import Peer, expect_text, until
from channels_yjs.tests.log.test_store import Typist, append, texts_of
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import create_note

pytestmark = pytest.mark.django_db(transaction=True)
IN_SNAPSHOT, AFTER_IT = 54, 3
OWNERS_FIRST, DOCUMENTS_FIRST = ("project", "channels_yjs"), ("channels_yjs", "project")


def make_new_database() -> Note:
    """Makes the database that `migrate` leaves, in a project one of whose migrations makes the first note."""
    call_command("flush", interactive=False)
    return Note.objects.create(title="Welcome", text="This note is yours.")


def write_first_note() -> Note:
    """A note 1 with a snapshot and newer rows."""
    note, typist = make_new_database(), Typist()
    document = Document.objects.of(note)
    append(document, *(typist.write(f"<{number}>") for number in range(IN_SNAPSHOT)))
    compaction.compact(document)
    append(document, *(typist.write(f"<{number}>") for number in range(IN_SNAPSHOT, IN_SNAPSHOT + AFTER_IT)))
    return note


def log_of(note: Note) -> tuple[Any, ...]:
    document = Document.objects.find(note)
    rows = list(document.updates.order_by("seq").values_list("seq", "payload"))
    snapshots = list(Snapshot.objects.filter(document=document).values_list("seq", "state"))
    return document.identity, document.seq, rows, snapshots


def texts(note: Note) -> tuple[str, ...]:
    return texts_of(Document.objects.find(note))


@pytest.fixture
def dump(tmp_path: Path) -> Callable[..., Path]:
    def dump(*apps: str) -> Path:
        path = tmp_path / "dump.json"
        call_command("dumpdata", *(apps or OWNERS_FIRST), natural_foreign=True, output=str(path))
        return path

    return dump


def load(path: Path) -> None:
    call_command("loaddata", str(path), verbosity=0)


async def test_a_note_that_was_moved_is_whole_after_it_was_open(
    dump: Callable[[], Path], start_hub: Callable[[], Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "IDLE_SECONDS", 0.05)
    note = await sync_to_async(write_first_note)()
    before = await sync_to_async(texts)(note)
    path = await sync_to_async(dump)()
    await sync_to_async(make_new_database)()
    await sync_to_async(load)(path)
    hub, ada = start_hub(), Peer("Ada")
    await ada.join(hub, note)
    await expect_text(before[1], ada)
    ada.cut()
    await until(lambda: not hub.rooms, "the room has fallen idle and is closed")
    await sync_to_async(call_command)("compact_documents")
    assert await sync_to_async(texts)(note) == before
    assert f"<{IN_SNAPSHOT + AFTER_IT - 1}>" in before[1]


@pytest.mark.parametrize("apps", [OWNERS_FIRST, DOCUMENTS_FIRST])
def test_what_was_dumped_is_what_is_loaded(dump: Callable[..., Path], apps: tuple[str, str]) -> None:
    notes = [write_first_note(), create_note("Plans", "Tea at four")]
    before = [log_of(note) for note in notes]
    path = dump(*apps)
    make_new_database()
    load(path)
    assert [log_of(note) for note in notes] == before
    assert create_note().pk == notes[-1].pk + 1


def test_what_nobody_has_opened_here_gives_way(dump: Callable[[], Path]) -> None:
    note = write_first_note()
    before, path = log_of(note), dump()
    assert make_new_database().pk == note.pk
    load(path)
    assert log_of(note) == before


def test_a_dump_without_logs_is_loaded_and_its_texts_are_shared_anew(tmp_path: Path) -> None:
    write_first_note()
    Note.objects.update(text="As people read it")
    path = tmp_path / "dump.json"
    call_command("dumpdata", "project", output=str(path))
    note = make_new_database()
    load(path)
    Document.objects.of(note)
    assert texts(note)[1] == "As people read it"


def test_a_note_that_was_written_in_while_it_was_dumped_can_be_opened_and_written(dump: Callable[[], Path]) -> None:
    note = write_first_note()
    before, path = texts(note), dump()
    objects = json.loads(path.read_text())
    [dumped] = [thing["fields"] for thing in objects if thing["model"] == "channels_yjs.document"]
    dumped["seq"] -= AFTER_IT - 1  # people wrote after its row was dumped
    path.write_text(json.dumps(objects))
    make_new_database()
    load(path)
    document = Document.objects.find(note)
    append(document, Typist().write("More"))
    compaction.compact(document)
    assert texts(note)[1].replace("More", "") == before[1]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_note_that_people_have_opened_here_is_not_written_over(dump: Callable[[], Path], is_first: bool) -> None:
    write_first_note()
    create_note("Dumped")
    path = dump()
    note = make_new_database()
    if is_first:
        append(Document.objects.of(note), Typist().write("Written here"))
    else:
        note = create_note("Made here")
    before = log_of(note)
    with pytest.raises(IntegrityError, match=rf"note {note.pk} is in use.*Load it into a new database"):
        load(path)
    assert log_of(note) == before
    assert Note.objects.get(pk=note.pk).title == note.title


def test_a_note_that_came_with_an_earlier_load_is_not_written_over(dump: Callable[..., Path]) -> None:
    note = write_first_note()
    path = dump(*DOCUMENTS_FIRST)
    make_new_database()
    load(path)
    append(Document.objects.find(note), Typist().write("Written here"))
    before = log_of(note)
    for apps in (OWNERS_FIRST, DOCUMENTS_FIRST, OWNERS_FIRST[:1]):
        with pytest.raises(IntegrityError, match=rf"note {note.pk} is in use.*Load it into a new database"):
            load(dump(*apps))
    assert log_of(note) == before


def test_owners_may_be_loaded_after_their_documents(dump: Callable[..., Path]) -> None:
    note = write_first_note()
    before, documents, owners = log_of(note), dump("channels_yjs").read_text(), dump("project").read_text()
    make_new_database().delete()
    for path, text in ((dump(), documents), (dump(), owners)):
        path.write_text(text)
        load(path)
    assert log_of(note) == before


def test_no_row_of_another_document_is_written_over(dump: Callable[[], Path]) -> None:
    path = dump_of_a_note_without_the_first(dump)
    note = make_new_database()
    Document.objects.of(note)
    before = log_of(note)
    with pytest.raises(IntegrityError, match="the document with the key 1 belongs to this database"):
        load(path)
    assert log_of(note) == before


def dump_of_a_note_without_the_first(dump: Callable[[], Path]) -> Path:
    first, other = make_new_database(), create_note("Other")
    first.delete()
    assert Document.objects.find(other).pk == 1
    return dump()
