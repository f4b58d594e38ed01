"""Logs, snapshots and the documents that they make."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text, get_update, merge_updates

from notes import documents
from notes.documents import Batch, Document, Row, create_note
from notes.models import TITLE_MAX_LENGTH, Note, Snapshot, Update
from notes.protocol import EMPTY_UPDATE

pytestmark = pytest.mark.django_db

# Three updates of Yjs 13: "ab😀cd", then an X between the two halves of the emoji, then a letter after it.
CUT_PAIR = [
    bytes.fromhex("01010500040104626f6479086162f09f9880636400"),
    bytes.fromhex("01010506c405020503015800"),
    bytes.fromhex("01010507c40506050306f09d92b3c3a900"),
]


class Typist:
    """Makes updates one by one."""

    def __init__(self, root: str = "body") -> None:
        self.doc = Doc[Any]()
        self.text = self.doc.get(root, type=Text)
        self.updates: list[bytes] = []
        self._subscription = self.doc.observe(lambda event: self.updates.append(event.update))

    def type(self, text: str) -> bytes:
        self.text += text
        return self.updates[-1]


def texts_of(note: Note) -> tuple[str, str]:
    return Document(documents.read(note.pk)).texts


def append(note: Note, *updates: bytes) -> None:
    for update in updates:
        known = Note.objects.values_list("seq", flat=True).get(pk=note.pk)
        documents.append({note.pk: Batch(known, update)})


def test_a_new_note_holds_its_title_and_text() -> None:
    note = create_note("Plans", "Tea at four")
    assert texts_of(note) == ("Plans", "Tea at four")
    assert (note.title, note.text, note.seq) == ("Plans", "Tea at four", 1)


LINES = {
    "CR LF": ("one\r\ntwo\r\n", "one\ntwo\n"),
    "CR": ("one\rtwo\r", "one\ntwo\n"),
    "all together": ("\n\r\n\r\r\n\n", "\n\n\n\n\n"),
    "characters that are line ends elsewhere": ("\x0b\x0c\x85\u2028\u2029", "\x0b\x0c\x85\u2028\u2029"),
}


@pytest.mark.parametrize(("given", "kept"), LINES.values(), ids=LINES.keys())
def test_a_new_note_has_plain_line_ends_and_a_title_of_one_line(given: str, kept: str) -> None:
    note = create_note(f"A title{given}goes on", given)
    title, body = texts_of(note)
    assert (body, note.text) == (kept, kept)
    assert len(title.splitlines()) == 1
    assert title.split() == ["A", *f"title{given}goes".split(), "on"]
    assert note.title == " ".join(title.split())


def test_a_new_note_may_hold_a_nul() -> None:
    note = create_note("a\0b", "c\0d")
    assert texts_of(note) == ("a\0b", "c\0d")
    assert (note.title, note.text) == ("ab", "cd")


def test_the_migration_made_note_1() -> None:
    note = Note.objects.get(pk=1)
    assert texts_of(note) == (note.title, note.text)
    assert note.title == "Welcome"


def test_append_numbers_the_rows_of_each_note() -> None:
    first, second, typist = create_note(), create_note(), Typist()
    update = typist.type("x")
    for _ in range(3):
        saved = documents.append({second.pk: Batch(1, update), first.pk: Batch(1, update)})
    assert [row.seq for row in saved[first.pk]] == [2, 3, 4]
    assert Note.objects.get(pk=second.pk).seq == 4


def test_append_brings_the_change_time_up_to_date() -> None:
    note = create_note()
    append(note, Typist().type("x"))
    assert Note.objects.get(pk=note.pk).updated_at > note.updated_at


def test_append_leaves_out_a_note_that_is_gone() -> None:
    note = create_note()
    update = Typist().type("x")
    assert set(documents.append({note.pk: Batch(1, update), 10**9: Batch(0, update)})) == {note.pk}


def test_reading_a_missing_note_is_no_empty_log() -> None:
    with pytest.raises(Note.DoesNotExist):
        documents.read(10**9)
    assert documents.read(create_note().pk, after=1) == []


def test_compaction_keeps_the_texts_and_drops_the_rows() -> None:
    note, typist = create_note("Plans"), Typist()
    append(note, *(typist.type(f"{number} ") for number in range(50)))
    before = texts_of(note)
    snapshot = documents.compact(note.pk)
    assert texts_of(note) == before
    assert (snapshot.seq, Update.objects.filter(note=note).count()) == (51, 0)
    append(note, typist.type("more"))
    assert texts_of(note) == (before[0], before[1] + "more")
    assert documents.compact(note.pk).seq == 52
    assert texts_of(note) == (before[0], before[1] + "more")


def test_compacting_twice_changes_nothing() -> None:
    note, typist = create_note(), Typist()
    append(note, typist.type("a"), typist.type("b"))
    assert documents.compact(note.pk) == documents.compact(note.pk)


def test_compaction_gives_way_to_a_quicker_one(monkeypatch: pytest.MonkeyPatch) -> None:
    note, typist = create_note(), Typist()
    append(note, typist.type("a"), typist.type("b"))
    squash, calls = documents.squash, 0

    def squash_while_another_compacts(merged: bytes) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 1:
            append(note, typist.type("c"))
            documents.compact(note.pk)
        return squash(merged)

    monkeypatch.setattr(documents, "squash", squash_while_another_compacts)
    assert documents.compact(note.pk).seq == 4
    assert Snapshot.objects.get(note=note).seq == 4
    assert texts_of(note) == ("", "abc")


def test_rows_written_while_a_compaction_runs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    note, typist = create_note(), Typist()
    append(note, typist.type("a"), typist.type("b"))
    squash = documents.squash

    def squash_while_another_writes(merged: bytes) -> bytes:
        append(note, typist.type("c"))
        return squash(merged)

    monkeypatch.setattr(documents, "squash", squash_while_another_writes)
    documents.compact(note.pk)
    assert texts_of(note) == ("", "abc")
    assert [row.seq for row in documents.read(note.pk)] == [3, 4]


def test_a_reader_who_is_behind_the_snapshot_gets_the_snapshot() -> None:
    note, typist = create_note(), Typist()
    behind = Document(documents.read(note.pk))
    append(note, typist.type("a"), typist.type("b"))
    documents.compact(note.pk)
    append(note, typist.type("c"))
    behind.extend(documents.read(note.pk, after=behind.seq))
    assert behind.texts == ("", "abc")
    assert behind.seq == 4


def test_rows_that_are_known_or_not_next_are_passed_over() -> None:
    document = Document([Row(0, 1, Typist().type("x"))])
    again = Row(0, 1, Typist().type("again"))
    later = Row(2, 3, Typist().type("later"))
    assert document.extend([again, later]) == []
    assert document.texts == ("", "x")


def test_squashing_drops_what_was_deleted() -> None:
    typist = Typist()
    for number in range(200):
        typist.type(f"{number} ")
        del typist.text[0:2]
    merged = documents.merge(typist.updates)
    squashed = documents.squash(merged)
    assert len(squashed) < len(merged) / 2
    assert Document([Row(0, 1, squashed)]).texts == ("", str(typist.text))


def test_a_pending_update_survives_compaction() -> None:
    note, typist = create_note(), Typist()
    first, second, third = (typist.type(letter) for letter in "abc")
    append(note, first, third)
    documents.compact(note.pk)
    assert texts_of(note) == ("", "a")
    append(note, second)
    assert texts_of(note) == ("", "abc")


def test_shared_types_that_are_not_ours_survive_compaction() -> None:
    note = create_note()
    doc = Doc[Any]()
    doc["stranger"] = Map({"kept": Text("yes")})
    append(note, doc.get_update(), Typist().type("x"))
    documents.compact(note.pk)
    reader = Doc[Any]()
    reader.apply_update(Document(documents.read(note.pk)).missing(b"\x00"))
    assert str(reader.get("stranger", type=Map)) == '{"kept":"yes"}'


def test_a_cut_surrogate_pair_survives_compaction_and_joining() -> None:
    """What the library makes of such a document reads alike in Python and differently in browsers, so it must not be
    asked: a browser test compares what people read."""
    note = create_note()
    append(note, *CUT_PAIR)
    before = texts_of(note)
    snapshot = documents.compact(note.pk)
    assert snapshot.payload == documents.merge([documents.squash(EMPTY_UPDATE), *CUT_PAIR])
    document = Document(documents.read(note.pk))
    assert document.texts == before
    assert "X" in before[1]
    replica = Document([Row(0, 1, document.missing(b"\x00"))])
    assert replica.texts == before


def test_a_joiner_gets_no_more_than_it_lacks() -> None:
    typist = Typist()
    known, new = typist.type("known" * 100), typist.type("new")
    document = Document([Row(0, 1, known), Row(1, 2, new)])
    replica = Document([Row(0, 1, known)])
    missing = document.missing(replica.state_vector)
    assert len(missing) < 50
    assert replica.extend([Row(1, 2, missing)]) == [missing]
    assert replica.texts == document.texts


def test_a_document_that_was_rebased_says_the_same() -> None:
    note, typist = create_note(), Typist()
    append(note, typist.type("a"), typist.type("b"))
    document = Document(documents.read(note.pk))
    snapshot = documents.compact(note.pk)
    append(note, typist.type("c"))
    document.extend(documents.read(note.pk, after=document.seq))
    document.rebase(snapshot)
    assert document.size < 100
    assert Document([Row(0, 1, document.missing(b"\x00"))]).texts == ("", "abc")


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=100))
def test_merging_in_chunks_is_merging(words: list[str]) -> None:
    typist = Typist()
    for word in words:
        typist.type(word)
    merged = documents.merge(typist.updates)
    assert get_update(merged, b"\x00") == get_update(merge_updates(*typist.updates), b"\x00")


def test_the_projection_is_a_line_and_a_text() -> None:
    note = create_note()
    assert documents.project(note.pk, " Two\nlines \x00" + "x" * 300, "a\x00b")
    note.refresh_from_db()
    assert note.title.startswith("Two lines x")
    assert len(note.title) == TITLE_MAX_LENGTH
    assert note.text == "ab"
    assert not documents.project(note.pk, note.title, note.text)
