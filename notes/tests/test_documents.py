"""Logs, snapshots and the documents that they make."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text, get_update, merge_updates

from channels_yjs.log import crdt
from channels_yjs.log.replica import Replica, Row
from channels_yjs.wire.messages import EMPTY_UPDATE
from notes import documents
from notes.documents import AnotherNoteError, Batch, GapError, create_note
from notes.models import TITLE_MAX_LENGTH, Note, Snapshot, Update

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


def texts_of(note: Note) -> tuple[str, ...]:
    return tuple(Replica(documents.NAMES, documents.read(note.pk)).texts.values())


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
    squash, calls = crdt.squash, 0

    def squash_while_another_compacts(merged: bytes, names: Any) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 1:
            append(note, typist.type("c"))
            documents.compact(note.pk)
        return squash(merged, names)

    monkeypatch.setattr(documents, "squash", squash_while_another_compacts)
    assert documents.compact(note.pk).seq == 4
    assert Snapshot.objects.get(note=note).seq == 4
    assert texts_of(note) == ("", "abc")


def test_rows_written_while_a_compaction_runs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    note, typist = create_note(), Typist()
    append(note, typist.type("a"), typist.type("b"))
    squash = crdt.squash

    def squash_while_another_writes(merged: bytes, names: Any) -> bytes:
        append(note, typist.type("c"))
        return squash(merged, names)

    monkeypatch.setattr(documents, "squash", squash_while_another_writes)
    documents.compact(note.pk)
    assert texts_of(note) == ("", "abc")
    assert [row.seq for row in documents.read(note.pk)] == [3, 4]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_what_a_ring_asks_for_takes_one_query(django_assert_num_queries: Any, number: int) -> None:
    note, typist = create_note(), Typist()
    append(note, *(typist.type("x") for _ in range(4)))
    with django_assert_num_queries(1):
        rows = documents.read(note.pk, after=5 - number)
    assert [row.seq for row in rows] == list(range(6 - number, 6))
    assert [row.payload for row in rows] == typist.updates[4 - number :]


def test_a_reader_who_is_behind_the_snapshot_gets_the_snapshot() -> None:
    note, typist = create_note(), Typist()
    behind = Replica(documents.NAMES, documents.read(note.pk))
    append(note, typist.type("a"), typist.type("b"))
    documents.compact(note.pk)
    append(note, typist.type("c"))
    behind.extend(documents.read(note.pk, after=behind.seq))
    assert behind.texts == {"title": "", "body": "abc"}
    assert behind.seq == 4


def test_rows_that_are_known_are_passed_over() -> None:
    document = Replica(documents.NAMES, [Row(0, 1, Typist().type("x"))])
    assert document.extend([Row(0, 1, Typist().type("again"))]) == []
    assert document.texts == {"title": "", "body": "x"}


def test_a_row_beyond_a_gap_does_not_get_into_a_document() -> None:
    document = Replica(documents.NAMES, [Row(0, 1, Typist().type("x"))])
    with pytest.raises(ValueError, match="Row 3 does not continue a document that goes up to 1"):
        document.extend([Row(2, 3, Typist().type("later"))])
    assert document.texts == {"title": "", "body": "x"}


def test_rows_up_to_the_snapshot_are_not_of_the_log() -> None:
    """`loaddata` of an older version left the row that `migrate` made beside the ones that it loaded."""
    note, typist = create_note(), Typist()
    append(note, *(typist.type(letter) for letter in "abc"))
    documents.compact(note.pk)
    append(note, typist.type("d"))
    Update.objects.create(note=note, seq=1, payload=Typist().type("stale"))
    assert [row.seq for row in documents.read(note.pk)] == [4, 5]
    documents.compact(note.pk)
    assert texts_of(note) == ("", "abcd")
    assert not Update.objects.filter(note=note).exists()


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
    """Whichever rows are lost: at its start, in the middle, at its end. Whichever of another log are beside it."""
    note, typist = create_note(), Typist()
    for index in range(1, number + 1):
        append(note, typist.type(f"{index} "))
        if index in compact_after:
            documents.compact(note.pk)
    snapshots = Snapshot.objects.filter(note=note)
    folded = snapshots.values_list("seq", flat=True).first() or 0
    losses, _ = Update.objects.filter(note=note, seq__in=lost).delete()
    losses += snapshots.delete()[0] if is_snapshot_lost else 0
    stranger = Typist().type("stale")
    if not (is_snapshot_lost and folded):
        Update.objects.bulk_create(Update(note=note, seq=s, payload=stranger) for s in stale if s <= folded)
    before = stored(note)
    try:
        documents.compact(note.pk)
    except GapError:
        assert losses
        assert stored(note) == before
    else:
        assert not losses
        assert texts_of(note) == ("", str(typist.text))


def stored(note: Note) -> list[Any]:
    rows = Update.objects.filter(note=note).order_by("seq").values_list("seq", "payload")
    return [*rows, *Snapshot.objects.filter(note=note).values_list("seq", "state")]


def test_a_gap_is_seen_by_whoever_reads_on_and_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    note, typist = create_note(), Typist()
    append(note, *(typist.type(letter) for letter in "abcd"))
    Update.objects.filter(note=note, seq=3).delete()
    for after in (0, 1, 2):
        with pytest.raises(GapError):
            documents.read(note.pk, after)
    assert f"The log of note {note.pk} is incomplete: without a gap it goes up to 2, and its newest number is 5." in (
        caplog.text
    )
    assert [row.seq for row in documents.read(note.pk, after=3)] == [4, 5]


def test_nothing_is_appended_for_a_room_that_knows_more_than_the_database() -> None:
    note, other, typist = create_note(), create_note(), Typist()
    update = typist.type("x")
    with pytest.raises(GapError, match="number 5 has been saved, and the newest is 1"):
        documents.append({note.pk: Batch(5, update), other.pk: Batch(1, update)})
    assert set(Note.objects.filter(pk__in=[note.pk, other.pk]).values_list("seq", flat=True)) == {1}


def test_a_snapshot_that_goes_further_than_the_log_is_not_stored() -> None:
    note = create_note()
    with pytest.raises(GapError):
        documents.store(note.pk, Row(0, 5, Typist().type("x")), note.identity)
    assert not Snapshot.objects.filter(note=note).exists()


def test_what_is_for_one_note_does_not_get_into_another_one_with_its_number() -> None:
    note, update = create_note("Mine"), Typist().type("x")
    for attempt in (
        lambda: documents.append({note.pk: Batch(1, update, "another")}),
        lambda: documents.store(note.pk, Row(0, 1, update), "another"),
        lambda: documents.read(note.pk, identity="another"),
    ):
        with pytest.raises(AnotherNoteError):
            attempt()
    assert not documents.project(note.pk, {"title": "Theirs", "body": ""}, "another")
    assert texts_of(note) == ("Mine", "")


def test_each_note_has_an_identity_of_its_own() -> None:
    identities = [Note.objects.get(pk=1).identity, *(create_note().identity for _ in range(10))]
    assert len(set(identities)) == 11
    assert {len(identity) for identity in identities} == {32}


def test_squashing_drops_what_was_deleted() -> None:
    typist = Typist()
    for number in range(200):
        typist.type(f"{number} ")
        del typist.text[0:2]
    merged = crdt.merge(typist.updates)
    squashed = crdt.squash(merged, documents.NAMES)
    assert len(squashed) < len(merged) / 2
    assert Replica(documents.NAMES, [Row(0, 1, squashed)]).texts == {"title": "", "body": str(typist.text)}


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
    reader.apply_update(Replica(documents.NAMES, documents.read(note.pk)).missing(b"\x00"))
    assert str(reader.get("stranger", type=Map)) == '{"kept":"yes"}'


def test_a_cut_surrogate_pair_survives_compaction_and_joining() -> None:
    """What the library makes of such a document reads alike in Python and differently in browsers, so it must not be
    asked: a browser test compares what people read."""
    note = create_note()
    append(note, *CUT_PAIR)
    before = Replica(documents.NAMES, documents.read(note.pk)).texts
    snapshot = documents.compact(note.pk)
    assert snapshot.payload == crdt.merge([crdt.squash(EMPTY_UPDATE, documents.NAMES), *CUT_PAIR])
    document = Replica(documents.NAMES, documents.read(note.pk))
    assert document.texts == before
    assert "X" in before["body"]
    replica = Replica(documents.NAMES, [Row(0, 1, document.missing(b"\x00"))])
    assert replica.texts == before


def test_a_joiner_gets_no_more_than_it_lacks() -> None:
    typist = Typist()
    known, new = typist.type("known" * 100), typist.type("new")
    document = Replica(documents.NAMES, [Row(0, 1, known), Row(1, 2, new)])
    replica = Replica(documents.NAMES, [Row(0, 1, known)])
    missing = document.missing(replica.state_vector)
    assert len(missing) < 50
    assert replica.extend([Row(1, 2, missing)]) == [missing]
    assert replica.texts == document.texts


def test_a_document_that_was_rebased_says_the_same() -> None:
    note, typist = create_note(), Typist()
    append(note, typist.type("a"), typist.type("b"))
    document = Replica(documents.NAMES, documents.read(note.pk))
    snapshot = documents.compact(note.pk)
    append(note, typist.type("c"))
    document.extend(documents.read(note.pk, after=document.seq))
    document.rebase(snapshot)
    assert document.size < 100
    assert Replica(documents.NAMES, [Row(0, 1, document.missing(b"\x00"))]).texts == {"title": "", "body": "abc"}


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=100))
def test_merging_in_chunks_is_merging(words: list[str]) -> None:
    typist = Typist()
    for word in words:
        typist.type(word)
    merged = crdt.merge(typist.updates)
    assert get_update(merged, b"\x00") == get_update(merge_updates(*typist.updates), b"\x00")


def test_the_projection_is_a_line_and_a_text() -> None:
    note = create_note()
    assert documents.project(note.pk, {"title": " Two\nlines \x00" + "x" * 300, "body": "a\x00b"})
    note.refresh_from_db()
    assert note.title.startswith("Two lines x")
    assert len(note.title) == TITLE_MAX_LENGTH
    assert note.text == "ab"
    assert not documents.project(note.pk, {"title": note.title, "body": note.text})
