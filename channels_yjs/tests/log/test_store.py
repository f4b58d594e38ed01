"""Logs, snapshots and the documents that they make."""

import math
from copy import copy
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, get_update, merge_updates

from channels_yjs.log import compaction, crdt, store
from channels_yjs.log.replica import Replica, Row
from channels_yjs.log.store import AnotherDocumentError, Batch, GapError
from channels_yjs.models import Document, Snapshot, Update
from channels_yjs.testing.client import Client
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import NAMES, create_document, create_note
from channels_yjs.wire.messages import Message, SyncUpdate
from channels_yjs.wire.updates import EMPTY_UPDATE

pytestmark = pytest.mark.django_db

# Three updates of Yjs 13: "ab😀cd", then an X between the two halves of the emoji, then a letter after it.
CUT_PAIR = [
    bytes.fromhex("01010500040104626f6479086162f09f9880636400"),
    bytes.fromhex("01010506c405020503015800"),
    bytes.fromhex("01010507c40506050306f09d92b3c3a900"),
]


class Typist(Client):
    """Makes updates one by one."""

    def __init__(self, root: str = "body") -> None:
        super().__init__(root)
        self.updates: list[bytes] = []
        self.say = self._keep

    def write(self, text: str) -> bytes:
        """Returns the update that this makes."""
        self.type(text)
        return self.updates[-1]

    def _keep(self, message: Message) -> None:
        assert isinstance(message, SyncUpdate)
        self.updates.append(message.update)


def texts_of(document: Document) -> tuple[str, ...]:
    return tuple(Replica(NAMES, store.read(document.pk)).texts.values())


def append(document: Document, *updates: bytes) -> None:
    for update in updates:
        known = Document.objects.values_list("seq", flat=True).get(pk=document.pk)
        store.append({document.pk: Batch(known, update)})


LINES = {
    "CR LF": ("one\r\ntwo\r\n", "one\ntwo\n"),
    "CR": ("one\rtwo\r", "one\ntwo\n"),
    "all together": ("\n\r\n\r\r\n\n", "\n\n\n\n\n"),
    "characters that are line ends elsewhere": ("\x0b\x0c\x85\u2028\u2029", "\x0b\x0c\x85\u2028\u2029"),
}


@pytest.mark.parametrize(("given", "kept"), LINES.values(), ids=LINES.keys())
def test_a_first_text_has_plain_line_ends_and_a_title_is_one_line(given: str, kept: str) -> None:
    document = create_document(f"A title{given}goes on", given)
    title, body = texts_of(document)
    assert body == kept
    assert len(title.splitlines()) == 1
    assert title.split() == ["A", *f"title{given}goes".split(), "on"]


def test_append_numbers_the_rows_of_each_document() -> None:
    first, second, typist = create_document(), create_document(), Typist()
    update = typist.write("x")
    for _ in range(3):
        saved = store.append({second.pk: Batch(1, update), first.pk: Batch(1, update)})
    assert [row.seq for row in saved[first.pk]] == [2, 3, 4]
    assert Document.objects.get(pk=second.pk).seq == 4


def test_append_leaves_out_a_document_that_is_gone() -> None:
    document = create_document()
    update = Typist().write("x")
    assert set(store.append({document.pk: Batch(1, update), 10**9: Batch(0, update)})) == {document.pk}


def test_reading_a_missing_document_is_no_empty_log() -> None:
    with pytest.raises(Document.DoesNotExist):
        store.read(10**9)
    assert store.read(create_document().pk, after=1) == []


def test_compaction_keeps_the_texts_and_drops_the_rows() -> None:
    document, typist = create_document("Plans"), Typist()
    append(document, *(typist.write(f"{number} ") for number in range(50)))
    before = texts_of(document)
    snapshot = compaction.compact(document)
    assert texts_of(document) == before
    assert (snapshot.seq, Update.objects.filter(document=document).count()) == (51, 0)
    append(document, typist.write("more"))
    assert texts_of(document) == (before[0], before[1] + "more")
    assert compaction.compact(document).seq == 52
    assert texts_of(document) == (before[0], before[1] + "more")


def test_compacting_twice_changes_nothing() -> None:
    document, typist = create_document(), Typist()
    append(document, typist.write("a"), typist.write("b"))
    assert compaction.compact(document) == compaction.compact(document)


def test_compaction_gives_way_to_a_quicker_one(monkeypatch: pytest.MonkeyPatch) -> None:
    document, typist = create_document(), Typist()
    append(document, typist.write("a"), typist.write("b"))
    squash, calls = crdt.squash, 0

    def squash_while_another_compacts(merged: bytes, names: Any) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 1:
            append(document, typist.write("c"))
            compaction.compact(document)
        return squash(merged, names)

    monkeypatch.setattr(compaction, "squash", squash_while_another_compacts)
    assert compaction.compact(document).seq == 4
    assert Snapshot.objects.get(document=document).seq == 4
    assert texts_of(document) == ("", "abc")


def test_rows_written_while_a_compaction_runs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    document, typist = create_document(), Typist()
    append(document, typist.write("a"), typist.write("b"))
    squash = crdt.squash

    def squash_while_another_writes(merged: bytes, names: Any) -> bytes:
        append(document, typist.write("c"))
        return squash(merged, names)

    monkeypatch.setattr(compaction, "squash", squash_while_another_writes)
    compaction.compact(document)
    assert texts_of(document) == ("", "abc")
    assert [row.seq for row in store.read(document.pk)] == [3, 4]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_what_a_ring_asks_for_takes_one_query(django_assert_num_queries: Any, number: int) -> None:
    document, typist = create_document(), Typist()
    append(document, *(typist.write("x") for _ in range(4)))
    with django_assert_num_queries(1):
        rows = store.read(document.pk, after=5 - number)
    assert [row.seq for row in rows] == list(range(6 - number, 6))
    assert [row.payload for row in rows] == typist.updates[4 - number :]


def test_a_reader_who_is_behind_the_snapshot_gets_the_snapshot() -> None:
    document, typist = create_document(), Typist()
    behind = Replica(NAMES, store.read(document.pk))
    append(document, typist.write("a"), typist.write("b"))
    compaction.compact(document)
    append(document, typist.write("c"))
    behind.extend(store.read(document.pk, after=behind.seq))
    assert behind.texts == {"title": "", "body": "abc"}
    assert behind.seq == 4


def test_rows_that_are_known_are_passed_over() -> None:
    held = Replica(NAMES, [Row(0, 1, Typist().write("x"))])
    assert held.extend([Row(0, 1, Typist().write("again"))]) == []
    assert held.texts == {"title": "", "body": "x"}


def test_a_row_beyond_a_gap_does_not_get_into_a_document() -> None:
    held = Replica(NAMES, [Row(0, 1, Typist().write("x"))])
    with pytest.raises(ValueError, match="Row 3 does not continue a document that goes up to 1"):
        held.extend([Row(2, 3, Typist().write("later"))])
    assert held.texts == {"title": "", "body": "x"}


def test_rows_up_to_the_snapshot_are_not_of_the_log() -> None:
    """`loaddata` of an older version left the row that `migrate` made beside the ones that it loaded."""
    document, typist = create_document(), Typist()
    append(document, *(typist.write(letter) for letter in "abc"))
    compaction.compact(document)
    append(document, typist.write("d"))
    Update.objects.create(document=document, seq=1, payload=Typist().write("stale"))
    assert [row.seq for row in store.read(document.pk)] == [4, 5]
    compaction.compact(document)
    assert texts_of(document) == ("", "abcd")
    assert not Update.objects.filter(document=document).exists()


@settings(max_examples=60)
@given(
    st.integers(1, 8),
    st.sets(st.integers(1, 8)),
    st.sets(st.integers(1, 9)),
    st.booleans(),
    st.sets(st.integers(1, 9)),
)
def test_no_log_is_ever_folded_into_less_than_it_was(
    number: int, compact_after: set[int], lost: set[int], is_snapshot_lost: bool, stale: set[int]
) -> None:
    """Any rows may be lost: at the start, in the middle, at the end. Any rows of another log may be beside them."""
    document, typist = create_document(), Typist()
    for index in range(1, number + 1):
        append(document, typist.write(f"{index} "))
        if index in compact_after:
            compaction.compact(document)
    snapshots = Snapshot.objects.filter(document=document)
    folded = snapshots.values_list("seq", flat=True).first() or 0
    losses, _ = Update.objects.filter(document=document, seq__in=lost).delete()
    losses += snapshots.delete()[0] if is_snapshot_lost else 0
    stranger = Typist().write("stale")
    if not (is_snapshot_lost and folded):
        Update.objects.bulk_create(Update(document=document, seq=s, payload=stranger) for s in stale if s <= folded)
    before = stored(document)
    try:
        compaction.compact(document)
    except GapError:
        assert losses
        assert stored(document) == before
    else:
        assert not losses
        assert texts_of(document) == ("", str(typist.body))


def stored(document: Document) -> list[Any]:
    rows = Update.objects.filter(document=document).order_by("seq").values_list("seq", "payload")
    return [*rows, *Snapshot.objects.filter(document=document).values_list("seq", "state")]


def test_a_gap_is_seen_by_whoever_reads_on_and_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    document, typist = create_document(), Typist()
    append(document, *(typist.write(letter) for letter in "abcd"))
    Update.objects.filter(document=document, seq=3).delete()
    for after in (0, 1, 2):
        with pytest.raises(GapError):
            store.read(document.pk, after)
    assert (
        f"The log of document {document.pk} is incomplete: it goes up to 2 without a gap, but its newest number is 5."
        in (caplog.text)
    )
    assert [row.seq for row in store.read(document.pk, after=3)] == [4, 5]


def test_nothing_is_appended_for_a_room_that_knows_more_than_the_database() -> None:
    document, other, typist = create_document(), create_document(), Typist()
    update = typist.write("x")
    with pytest.raises(GapError, match="number 5 has been saved, but its newest is 1"), transaction.atomic():
        store.append({document.pk: Batch(5, update), other.pk: Batch(1, update)})
    assert set(Document.objects.filter(pk__in=[document.pk, other.pk]).values_list("seq", flat=True)) == {1}


def test_a_snapshot_that_goes_further_than_the_log_is_not_stored() -> None:
    document = create_document()
    with pytest.raises(GapError):
        compaction.keep(document.pk, Row(0, 5, Typist().write("x")), document.identity)
    assert not Snapshot.objects.filter(document=document).exists()


def test_what_is_for_one_document_does_not_get_into_another_one_with_its_number() -> None:
    document, update = create_document("Mine"), Typist().write("x")
    for attempt in (
        lambda: store.append({document.pk: Batch(1, update, "another")}),
        lambda: compaction.keep(document.pk, Row(0, 1, update), "another"),
        lambda: store.read(document.pk, identity="another"),
    ):
        with pytest.raises(AnotherDocumentError), transaction.atomic():
            attempt()
    earlier = copy(document)
    earlier.identity = "another"
    with pytest.raises(AnotherDocumentError):
        store.project(earlier, {"title": "Theirs", "body": ""})
    assert texts_of(document) == ("Mine", "")


def test_older_texts_never_take_the_place_of_newer_ones_in_the_fields() -> None:
    """A room may have waited for the lock of code that edits."""
    document = create_document("Plans")
    assert store.project(document, {"title": "Newer", "body": ""}, seq=3)
    assert not store.project(document, {"title": "Older", "body": ""}, seq=2)
    assert Note.objects.get(pk=document.object_id).title == "Newer"
    assert store.project(document, {"title": "Newest", "body": ""}, seq=4)


def test_each_document_has_an_identity_of_its_own() -> None:
    identities = [create_document().identity for _ in range(11)]
    assert len(set(identities)) == 11
    assert {len(identity) for identity in identities} == {32}


def test_squashing_drops_what_was_deleted() -> None:
    typist = Typist()
    for number in range(200):
        typist.write(f"{number} ")
        del typist.body[0:2]
    merged = crdt.merge(typist.updates)
    squashed = crdt.squash(merged, NAMES)
    assert len(squashed) < len(merged) / 2
    assert Replica(NAMES, [Row(0, 1, squashed)]).texts == {"title": "", "body": str(typist.body)}


@pytest.mark.parametrize("kind", ["text", "map", "array"])
def test_a_value_that_is_a_shared_type_survives_compaction(kind: str) -> None:
    value = {"text": Text("kept"), "map": Map({"kept": 1}), "array": Array(["kept"])}[kind]
    document = create_document()
    doc = Doc[Any]()
    doc["values"] = Map({"shared": value, "nan": math.nan})
    append(document, doc.get_update(), Typist().write("x"))
    compaction.compact(document)
    reader = Doc[Any]()
    reader.apply_update(Replica(NAMES, store.read(document.pk)).missing(b"\x00"))
    assert "kept" in str(reader.get("values", type=Map)["shared"])


def test_a_text_that_was_renamed_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    note = create_note("Plans", "Tea")
    typist = Typist()
    for number in range(200):
        typist.write(f"{number} ")
        del typist.body[0:2]
    append(Document.objects.find(note), *typist.updates)
    monkeypatch.setattr(Note, "shared_texts", {"title": "title", "words": "text"})
    document = Document.objects.of(note)
    assert len(compaction.compact(document).payload) < sum(map(len, typist.updates)) / 2


def test_a_pending_update_survives_compaction() -> None:
    document, typist = create_document(), Typist()
    first, second, third = (typist.write(letter) for letter in "abc")
    append(document, first, third)
    compaction.compact(document)
    assert texts_of(document) == ("", "a")
    append(document, second)
    assert texts_of(document) == ("", "abc")


def test_shared_types_that_are_not_ours_survive_compaction() -> None:
    document = create_document()
    doc = Doc[Any]()
    doc["stranger"] = Map({"kept": Text("yes")})
    append(document, doc.get_update(), Typist().write("x"))
    compaction.compact(document)
    reader = Doc[Any]()
    reader.apply_update(Replica(NAMES, store.read(document.pk)).missing(b"\x00"))
    assert str(reader.get("stranger", type=Map)) == '{"kept":"yes"}'


def test_a_cut_surrogate_pair_survives_compaction_and_joining() -> None:
    """The library's own state of such a text reads alike in Python and differently in browsers, so it must not be
    stored: a browser test compares what people read."""
    document = create_document()
    append(document, *CUT_PAIR)
    before = Replica(NAMES, store.read(document.pk)).texts
    snapshot = compaction.compact(document)
    assert snapshot.payload == crdt.merge([crdt.squash(EMPTY_UPDATE, NAMES), *CUT_PAIR])
    held = Replica(NAMES, store.read(document.pk))
    assert held.texts == before
    assert "X" in before["body"]
    replica = Replica(NAMES, [Row(0, 1, held.missing(b"\x00"))])
    assert replica.texts == before


def test_a_joiner_gets_no_more_than_it_lacks() -> None:
    typist = Typist()
    known, new = typist.write("known" * 100), typist.write("new")
    held = Replica(NAMES, [Row(0, 1, known), Row(1, 2, new)])
    replica = Replica(NAMES, [Row(0, 1, known)])
    missing = held.missing(replica.state_vector)
    assert len(missing) < 50
    assert replica.extend([Row(1, 2, missing)]) == [missing]
    assert replica.texts == held.texts


def test_a_document_that_was_rebased_says_the_same() -> None:
    document, typist = create_document(), Typist()
    append(document, typist.write("a"), typist.write("b"))
    held = Replica(NAMES, store.read(document.pk))
    snapshot = compaction.compact(document)
    append(document, typist.write("c"))
    held.extend(store.read(document.pk, after=held.seq))
    held.rebase(snapshot)
    assert held.size < 100
    assert Replica(NAMES, [Row(0, 1, held.missing(b"\x00"))]).texts == {"title": "", "body": "abc"}


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=100))
def test_merging_in_chunks_is_merging(words: list[str]) -> None:
    typist = Typist()
    for word in words:
        typist.write(word)
    merged = crdt.merge(typist.updates)
    assert get_update(merged, b"\x00") == get_update(merge_updates(*typist.updates), b"\x00")


def test_the_projection_is_a_line_and_a_text() -> None:
    note = create_note()
    document, before = Document.objects.find(note), note.updated_at
    assert store.project(document, {"title": " Two\nlines \x00" + "x" * 300, "body": "a\x00b"})
    note.refresh_from_db()
    assert note.title.startswith("Two lines x")
    assert len(note.title) == Note._meta.get_field("title").max_length
    assert note.text == "ab"
    assert note.updated_at > before
    assert not store.project(document, {"title": note.title, "body": note.text})
