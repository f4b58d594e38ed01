"""Values that are no texts: each changes as a whole, and the last one who sets it wins."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Concat
from pycrdt import Map

from channels_yjs.editing import aedit, edit
from channels_yjs.fields import as_entered, valid
from channels_yjs.forms import SharedModelForm
from channels_yjs.hub.hub import Hub
from channels_yjs.log import compaction, store
from channels_yjs.log.first import VALUES
from channels_yjs.log.replica import Replica
from channels_yjs.models import Document
from channels_yjs.testing.peers import PATIENCE_SECONDS, Peer, expect_text, until
from channels_yjs.tests.project.models import Note

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def a_note_with_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Note, "shared_texts", {"body": "text"})
    monkeypatch.setattr(Note, "shared_values", {"name": "title", "made": "created_at"})


def create(**fields: Any) -> Note:
    note = Note.objects.create(**fields)
    Note.objects.filter(pk=note.pk).update(created_at=MADE)
    note.refresh_from_db()
    return note


def values_of(note: Note) -> dict[str, Any]:
    rows = store.read(Document.objects.of(note).pk)
    return Replica(("body",), rows, tuple(Note.shared_values)).values


@pytest.mark.django_db
def test_a_document_begins_with_the_values_of_its_fields() -> None:
    assert values_of(create(title="Plans")) == {"name": "Plans", "made": MADE.isoformat()}


@pytest.mark.django_db
def test_values_of_before_leave_the_snapshot() -> None:
    note = create(title="Plans", text="Tea \N{HOT BEVERAGE}")
    for number in range(200):
        with edit(note) as draft:
            draft.values["name"] = f"Plans {number}"
    document = Document.objects.find(note)
    size = sum(len(row.payload) for row in store.read(document.pk))
    assert len(compaction.compact(document).payload) < size / 20
    assert values_of(note) == {"name": "Plans 199", "made": MADE.isoformat()}
    with edit(note) as draft:
        draft.values["name"] = "At last"
    assert values_of(note)["name"] == "At last"


@pytest.mark.django_db
def test_an_emoji_in_a_value_is_never_cut_and_keeps_nothing() -> None:
    note = create(title="Plans")
    for number in range(100):
        with edit(note) as draft:
            draft.values["name"] = f"Plans {number} \N{WHITE SMILING FACE}\N{FACE WITH TEARS OF JOY}"
    document = Document.objects.find(note)
    assert len(compaction.compact(document).payload) < 200


@pytest.mark.django_db
def test_a_time_without_a_zone_is_one_of_the_projects(caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    """As a page's input says it."""
    settings.TIME_ZONE = "Europe/Berlin"
    note = create()
    for text in ("Tea", "Tea at four"):
        with edit(note) as draft:
            draft.values["made"] = "2026-05-06T09:08"
            draft["body"] = text
    assert "field overwritten" not in caplog.text
    note.refresh_from_db()
    assert note.created_at == datetime(2026, 5, 6, 7, 8, tzinfo=UTC)


def test_a_time_says_its_zone_to_browsers(settings: Any) -> None:
    settings.USE_TZ, settings.TIME_ZONE = False, "Europe/Berlin"
    note = Note(created_at=datetime(2026, 5, 6, 9, 8))
    assert note.plain_value("created_at") == "2026-05-06T09:08:00+02:00"


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_value_that_no_database_takes_stops_nothing(value: str) -> None:
    note = create()
    with edit(note) as draft:
        draft.values["made"] = value
    with edit(note) as draft:
        draft["body"] = "Tea"
    note.refresh_from_db()
    assert (note.created_at, note.text) == (MADE, "Tea")


@pytest.mark.django_db
def test_a_value_that_bypasses_the_document_is_found_and_said(caplog: pytest.LogCaptureFixture) -> None:
    note = create(title="Plans")
    for made in ("2026-05-06T09:08:00+02:00", "2026-05-06T07:08:00.120Z"):
        with edit(note) as draft:
            draft.values["made"] = made
    note.created_at = "2026-07-08 09:10:00+00:00"
    note.save()
    with edit(note) as draft:
        draft["body"] += "Tea"
    assert "field overwritten" not in caplog.text
    Note.objects.filter(pk=note.pk).update(title="Bypassed")
    with edit(note) as draft:
        draft["body"] += "!"
    assert f"field overwritten owner=project.note/{note.pk}" in caplog.text
    assert note.title == "Plans"


@pytest.mark.django_db
def test_code_sets_values_and_the_fields_follow() -> None:
    note = create(title="Plans", text="Tea")
    with edit(note) as draft:
        assert dict(draft.values) == {"name": "Plans", "made": MADE.isoformat()}
        draft.values["name"] = "Our plans"
        draft["body"] += " at four"
        with pytest.raises(KeyError, match="shared_values has no key 'colour'"):
            draft.values["colour"] = "red"
        with pytest.raises(TypeError, match="A shared value is a text, a number"):
            draft.values["made"] = MADE
    note.refresh_from_db()
    assert (note.title, note.text, note.created_at) == ("Our plans", "Tea at four", MADE)
    other = Note.objects.get(pk=note.pk)
    other.created_at = MADE.replace(year=2027)
    other.save()
    note.title = "Saved"
    note.save()
    assert (note.title, note.created_at.year) == ("Saved", 2027)
    assert values_of(note) == {"name": "Saved", "made": MADE.replace(year=2027).isoformat()}


MAY_BE_EMPTY = [
    models.IntegerField(null=True, blank=True),
    models.TimeField(null=True, blank=True),
    models.DateTimeField(null=True, blank=True),
    models.DecimalField(null=True, blank=True, max_digits=4, decimal_places=1),
]


@pytest.mark.parametrize("field", MAY_BE_EMPTY, ids=lambda field: type(field).__name__)
@pytest.mark.parametrize("nothing", [None, ""])
def test_an_emptied_input_empties_a_field_that_may_be_empty(field: Any, nothing: Any) -> None:
    """A page need not know which fields take nothing as none, and which as an empty text."""
    field.set_attributes_from_name("made")
    assert valid(field, nothing, Note()) is None


@pytest.mark.django_db
@pytest.mark.parametrize("nothing", [None, ""])
def test_an_emptied_input_empties_a_text_that_may_not_be_none(monkeypatch: pytest.MonkeyPatch, nothing: Any) -> None:
    note = create(title="Plans")
    with edit(note) as draft:
        draft.values.changed = {"name": nothing}
    note.refresh_from_db()
    assert note.title == ""


@pytest.mark.django_db
@pytest.mark.parametrize("nonsense", [None, "", "x" * 1000, {"a": 1}, [1], 7.5, True, Map({"a": 1}), b"\x00"])
def test_a_value_that_does_not_fit_leaves_the_field_as_it_is(nonsense: Any) -> None:
    """Clients may put anything into a map."""
    note = create(title="Plans")
    with edit(note) as draft:
        draft.values.changed = {"made": nonsense, "name": "Our plans"}
    note.refresh_from_db()
    assert (note.title, note.created_at) == ("Our plans", MADE)
    compaction.compact(Document.objects.find(note))
    assert values_of(note)["name"] == "Our plans"


async def test_people_set_values_and_all_see_them(transactional_db: None, start_hub: Callable[[], Hub]) -> None:
    note = await sync_to_async(create)(title="Plans")
    ada, grace = Peer("Ada"), Peer("Grace")
    for peer in (ada, grace):
        await peer.join(start_hub(), note)
    maps = [peer.doc.get(VALUES, type=Map) for peer in (ada, grace)]
    await until(lambda: all(dict(values).get("name") == "Plans" for values in maps), "both see the first value")
    maps[0]["name"] = "Ada's plans"
    await until(lambda: maps[1]["name"] == "Ada's plans", "Grace sees the value")

    async def title() -> str:
        await note.arefresh_from_db()
        return note.title

    async with asyncio.timeout(PATIENCE_SECONDS):
        while await title() != "Ada's plans":
            pass
    async with aedit(note) as draft:
        draft.values["name"] = "Robot's plans"
        draft["body"] += "Tea"
    await expect_text("Tea", ada, grace)
    assert [values["name"] for values in maps] == ["Robot's plans"] * 2


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        (models.DecimalField(max_digits=6, decimal_places=2), 1.1, Decimal("1.1")),
        (models.DecimalField(max_digits=6, decimal_places=2), 19.99, Decimal("19.99")),
        (models.IntegerField(), 3.0, 3),
        (models.FloatField(), 1.1, 1.1),
        (models.BooleanField(), True, True),
    ],
)
def test_a_number_from_a_page_is_the_number_that_was_typed(field: Any, sent: Any, kept: Any) -> None:
    """In JavaScript, and so in a document's map, every number is a float."""
    assert field.clean(as_entered(sent), None) == kept


@pytest.mark.parametrize(
    ("said", "stored"),
    [(Decimal(10) / 3, "3.33"), ("3.333", "3.33"), (Decimal("0.1251"), "0.13"), (Decimal("1E+1"), "10")],
)
def test_a_number_is_noted_as_the_database_rounds_it(said: Any, stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else what was saved passes for something that SQL has changed."""
    fields = {"title": models.DecimalField(max_digits=6, decimal_places=2), "text": models.TextField()}
    monkeypatch.setattr(Note, "_field", staticmethod(lambda name: fields.get(name, Note._meta.get_field(name))))
    assert Note(title=said).shared_checksum() == Note(title=Decimal(stored)).shared_checksum()


@pytest.mark.parametrize(
    ("field", "said", "shown"),
    [
        (models.DateField(), MADE, "2026-01-02"),
        (models.DateField(), "2026-01-02", "2026-01-02"),
        (models.BooleanField(), 1, True),
        (models.IntegerField(), "12", 12),
        (models.DecimalField(max_digits=6, decimal_places=2), 1.1, 1.1),
        (models.DateField(), 12, 12),  # no date: the database says so
    ],
)
def test_pages_get_what_their_inputs_can_show(
    field: Any, said: Any, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django takes a time for a date, and 1 for a tick in a box."""
    field.set_attributes_from_name("title")
    monkeypatch.setattr(Note, "_field", staticmethod(lambda name: field))
    assert Note(title=said).plain_value("title") == shown


@pytest.mark.django_db
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "not yet opened"])
@pytest.mark.parametrize("field", ["title", "text"])
def test_an_expression_is_no_value_and_no_text(field: str, is_open: bool) -> None:
    note = create(title="Plans", text="Tea")
    if is_open:
        Document.objects.of(note)
    setattr(note, field, Concat("title", Value("!")))
    with pytest.raises(TypeError, match=f"{field} is shared, so it cannot be saved as an expression: use edit()"):
        note.save()
    note.refresh_from_db()
    assert (note.title, note.text, values_of(note)["name"]) == ("Plans", "Tea", "Plans")


@pytest.mark.django_db
def test_values_that_the_database_would_refuse_wait_until_they_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text follows meanwhile, and code can edit."""
    note = create(title="Plans", text="Tea")

    def validate_constraints(self: Note, exclude: Any = None) -> None:
        if self.title == "Taken":
            raise ValidationError("Somebody else has this one.")

    monkeypatch.setattr(Note, "validate_constraints", validate_constraints)
    with edit(note) as draft:
        draft.values["name"] = "Taken"
        draft["body"] += " at four"
    note.refresh_from_db()
    assert (note.title, note.text) == ("Plans", "Tea at four")
    note.text += "!"
    note.save()
    assert (note.title, note.text) == ("Plans", "Tea at four!")
    with edit(note) as draft:
        draft.values["name"] = "Free"
    assert note.title == "Free"


IMPOSSIBLE = {"text": ("\ud83d", "half a surrogate pair"), "integer": (2**63, "64 bits")}


@pytest.mark.parametrize(("value", "why"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@pytest.mark.django_db
def test_a_value_that_no_document_can_hold_is_refused_in_each_way(
    monkeypatch: pytest.MonkeyPatch, value: str | int, why: str
) -> None:
    note = create(title="Plans")
    values_of(note)  # opens it
    with pytest.raises(ValueError, match=why), edit(note) as draft:
        draft.values["name"] = value
    monkeypatch.setattr(Note._meta.get_field("title"), "to_python", lambda value: value)
    note.title = value
    with pytest.raises(ValueError, match=why):
        note.save()
    other = create()
    monkeypatch.setattr(Note, "first_values", lambda row: {"name": value})
    with pytest.raises(ValueError, match=why):
        Document.objects.of(other)
    assert not Document.objects.has(other)


@pytest.mark.django_db
def test_a_form_takes_no_half_emoji_for_a_value() -> None:
    """No browser sends one, but a script may fill a form from JSON."""
    note = create(title="Plans")
    values_of(note)
    form = forms.modelform_factory(Note, SharedModelForm, fields=["title"])({"title": "\ud83d"}, instance=note)
    with pytest.raises(ValueError, match="half a surrogate pair"):
        form.is_valid()


@pytest.mark.django_db
def test_the_largest_integers_are_values() -> None:
    """As in browsers, without their last digits."""
    note = create()
    for value in (2**63 - 1, -(2**63)):
        with edit(note) as draft:
            draft.values["name"] = value
        assert values_of(note)["name"] == float(value)


@pytest.mark.django_db
def test_a_unique_value_of_a_row_that_the_manager_hides_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is only marked as deleted. The database would refuse the row, and nothing of it would follow."""
    create(title="Taken")
    note = create(title="Plans", text="Tea")
    title: Any = Note._meta.get_field("title")
    monkeypatch.setattr(title, "_unique", True)
    monkeypatch.setitem(title.__dict__, "unique", True)  # Django remembers it there
    hiding: models.Manager[Note] = models.Manager.from_queryset(Visible)()
    hiding.model = Note
    monkeypatch.setitem(Note._meta.__dict__, "default_manager", hiding)
    with edit(note) as draft:
        draft.values["name"] = "Taken"
        draft["body"] += " at four"
    note.refresh_from_db()
    assert (note.title, note.text) == ("Plans", "Tea at four")


class Visible(models.QuerySet[Note]):
    def filter(self, *args: Any, **kwargs: Any) -> "Visible":
        return super().filter(*args, **kwargs).exclude(title="Taken")


@pytest.mark.django_db
def test_values_follow_on_an_object_that_was_made_by_its_key() -> None:
    pk = create(title="Plans", text="Tea").pk
    note = Note(pk=pk)
    with edit(note) as draft:
        draft.values["name"] = "New plans"
    assert (note.title, note.text) == ("New plans", "Tea")
