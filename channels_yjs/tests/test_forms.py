"""A form that was open while others wrote applies only what its person changed, whatever the fields are."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django import forms
from django.db import models
from django.http import QueryDict

from channels_yjs.forms import SharedModelForm
from channels_yjs.models import SharedModel

pytestmark = pytest.mark.django_db
NOON, EVENING = datetime(2026, 1, 2, 12, tzinfo=UTC), datetime(2026, 1, 2, 20, tzinfo=UTC)
DAY, NEXT_DAY = date(2026, 1, 2), date(2026, 1, 3)
INPUT = re.compile(r'name="([^"]+)"(?: value="([^"]*)")?')


class Meeting(SharedModel):
    """Without a table: nothing here is saved."""

    room = models.IntegerField(choices=[(1, "One"), (2, "Two"), (3, "Three")], null=True, blank=True)
    due = models.DateTimeField(null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    place = models.CharField(max_length=5)

    shared_values = {"room": "room", "due": "due", "day": "day", "place": "place"}

    class Meta:
        app_label = "channels_yjs_forms"

    def __str__(self) -> str:
        return self.place


class MeetingForm(SharedModelForm):
    due = forms.SplitDateTimeField(required=False)  # as in the admin
    day = forms.DateField(input_formats=["%d.%m.%Y"], widget=forms.DateInput(format="%d.%m.%Y"), required=False)

    class Meta:
        model = Meeting
        fields = ["room", "due", "day", "place"]


def meeting(**values: Any) -> Meeting:
    """As it is loaded."""
    row = {"id": 1, "room": 1, "due": NOON, "day": DAY, "place": "Oslo", **values}
    return Meeting.from_db("default", list(row), list(row.values()))


def inputs(form: MeetingForm) -> dict[str, str]:
    """What a browser posts if nobody touches the form."""
    shown = [form[name] for name in form.fields]
    html = "".join(field.as_hidden() + field.as_hidden(only_initial=True) for field in shown)
    return dict(INPUT.findall(html + str(form["day"])))  # a day is written as its own widget writes it


def post(now: Meeting, posted: dict[str, str]) -> MeetingForm:
    data = QueryDict(mutable=True)
    data.update(posted)
    return MeetingForm(data, instance=now)


def changes(form: MeetingForm) -> dict[str, tuple[Any, Any]]:
    assert form.is_valid(), form.errors
    return form.instance.unshared_changes(Meeting.shared_fields())


@pytest.mark.parametrize(
    ("name", "shown", "now"),
    [
        ("room", 1, 2),
        ("room", None, 2),
        ("room", 1, None),
        ("due", NOON, EVENING),
        ("due", None, EVENING),
        ("day", DAY, NEXT_DAY),
    ],
)
def test_what_was_left_alone_is_no_change(name: str, shown: Any, now: Any) -> None:
    posted = inputs(MeetingForm(instance=meeting(**{name: shown})))
    assert changes(post(meeting(**{name: now}), posted)) == {}


def test_what_was_changed_is_a_change_of_what_was_shown() -> None:
    posted = inputs(MeetingForm(instance=meeting()))
    typed = {"room": "3", "due_1": "20:00:00", "day": "03.01.2026"}
    form = post(meeting(room=2, due=None), {**posted, **typed})
    assert changes(form) == {"room": (1, 3), "due": (NOON, EVENING), "day": (DAY, NEXT_DAY)}


def test_what_nobody_may_change_here_is_no_change() -> None:
    form = post(meeting(place="Rome"), inputs(MeetingForm(instance=meeting(place="Oslo"))))
    form.fields["place"].disabled = True
    assert changes(form) == {}


def test_what_was_shown_may_be_what_nobody_may_post() -> None:
    posted = inputs(MeetingForm(instance=meeting(place="Reykjavik")))
    assert changes(post(meeting(place="Bonn"), {**posted, "place": "Rome"})) == {"place": ("Reykjavik", "Rome")}


@pytest.mark.parametrize("nonsense", ["x", "99", "2026-99-99", "\0"])
def test_nonsense_in_hidden_inputs_is_as_if_nothing_was_shown(nonsense: str) -> None:
    posted = inputs(MeetingForm(instance=meeting()))
    hidden = dict.fromkeys(["initial-room", "initial-due_0", "initial-due_1", "initial-day"], nonsense)
    form = post(meeting(room=2), {**posted, **hidden})
    assert changes(form) == {"room": (2, 1)}


def test_a_script_posts_no_hidden_inputs() -> None:
    posted = inputs(MeetingForm(instance=meeting()))
    sent = {name: value for name, value in posted.items() if not name.startswith("initial-")}
    assert changes(post(meeting(room=2), {**sent, "due_1": "20:00:00"})) == {"room": (2, 1), "due": (NOON, EVENING)}


def test_a_form_that_is_shown_again_still_knows_what_it_showed_at_first() -> None:
    first = inputs(MeetingForm(instance=meeting()))
    form = post(meeting(due=EVENING), {**first, "room": "2", "due_1": "13:00:00", "place": ""})
    assert not form.is_valid()
    again = {name: value for name, value in inputs(form).items() if name.startswith("initial-")}
    assert again == {name: value for name, value in first.items() if name.startswith("initial-")}


def remembered(form: MeetingForm) -> set[str]:
    """The hidden inputs of a page that shows the form."""
    return set(re.findall(r'name="initial-([^"]+)"', form.as_p()))


def test_what_a_view_suggests_is_a_change_once_it_is_sent() -> None:
    form = MeetingForm(instance=meeting(), initial={"place": "Rome"})
    assert remembered(form) == {"room", "due_0", "due_1", "day"}
    posted = {**inputs(MeetingForm(instance=meeting())), "place": "Rome"}
    del posted["initial-place"]
    assert changes(post(meeting(), posted)) == {"place": ("Oslo", "Rome")}


def test_a_form_that_did_not_say_what_it_showed_does_not_say_so_when_it_is_shown_again() -> None:
    """Django would put in what was posted, and then it would be no change."""
    posted = inputs(MeetingForm(instance=meeting()))
    sent = {name: value for name, value in posted.items() if not name.startswith("initial-")}
    form = post(meeting(), {**sent, "room": "2", "place": ""})
    assert not form.is_valid()
    assert remembered(form) == set()
