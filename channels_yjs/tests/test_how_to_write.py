"""The listings of docs/how-to/write-from-code.md do what the page says."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import models
from django.db.models.signals import pre_save
from django.test import TestCase

from channels_yjs.editing import edit
from channels_yjs.models import SharedModel, Update
from channels_yjs.signals import document_changed
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import create_note

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-from-code.md"
[EDIT, REPLACE, SAVE, DERIVE, ADMIN, MAIL, MODEL, VISIT] = re.findall(
    r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL
)


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Note:
    monkeypatch.setattr(Note, "shared_texts", {"minutes": "text"})
    monkeypatch.setattr(
        Note, "minutes", property(lambda note: note.text, lambda note, text: write(note, text)), False
    )
    return create_note("Founding", "Agenda: tea.")


def write(note: Note, text: str) -> None:
    note.text = text


def run(listing: str, **names: Any) -> dict[str, Any]:
    """With the tests' model for the page's, and without an admin site."""
    for line in ("from .models import Meeting\n", "@admin.register(Meeting)\n"):
        listing = listing.replace(line, "")
    exec(listing, names)  # noqa: S102
    return names


@pytest.mark.django_db
def test_edits(meeting: Note) -> None:
    run(EDIT, meeting=meeting)
    run(REPLACE, meeting=meeting, edit=edit)
    run(SAVE, meeting=meeting)
    meeting.refresh_from_db()
    assert meeting.text == "Agenda: coffee.\nNext meeting: Tuesday."
    assert Update.objects.get(seq=2).authors == [["Reminder", ""]]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A note whose title says how many words its text has."""

    def count(instance: Note, **kwargs: Any) -> None:
        instance.title = str(len(instance.text.split()))

    listing = DERIVE.replace("super().project(", "SharedModel.project(self, ").replace('"words"', '"title"')
    monkeypatch.setattr(Note, "project", run(listing, SharedModel=SharedModel)["project"])
    pre_save.connect(count, sender=Note)
    yield
    pre_save.disconnect(count, sender=Note)


@pytest.mark.django_db
@pytest.mark.usefixtures("counted")
def test_derives_a_field(meeting: Note) -> None:
    for save in (EDIT, SAVE):
        run(save, meeting=meeting)
        meeting.refresh_from_db()
        assert meeting.title == str(len(meeting.text.split()))


@pytest.mark.django_db
def test_mails_once_a_minute(meeting: Note, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MAILERS = {
        "default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    }  # as Django 6.1 has it
    timers: list[Any] = []
    monkeypatch.setattr(
        threading, "Timer", lambda *arguments: SimpleNamespace(start=lambda: timers.append(arguments))
    )
    ada = User(username="ada", email="ada@example.org")
    monkeypatch.setattr(Note, "members", SimpleNamespace(all=lambda: [ada]), raising=False)
    names = run(MAIL, Meeting=Note)
    try:
        with TestCase.captureOnCommitCallbacks(execute=True):
            run(EDIT, meeting=meeting)
            run(REPLACE, meeting=meeting, edit=edit)
    finally:
        document_changed.disconnect(names["mail_soon"], Note)
    [(seconds, send, arguments)] = timers
    assert (seconds, arguments) == (60, [meeting.pk, "Reminder"])
    closed: list[None] = []
    monkeypatch.setitem(names, "connection", SimpleNamespace(close=lambda: closed.append(None)))
    send(*arguments)
    [sent] = mail.outbox
    assert (sent.subject, sent.to) == ("Founding: Reminder wrote", ["ada@example.org"])
    assert "Next meeting: Tuesday." in str(sent.body)
    send(meeting.pk, "Grace\nHopper")
    assert mail.outbox[-1].subject == "Founding: Grace Hopper wrote"
    meeting.delete()
    with pytest.raises(Note.DoesNotExist):
        send(*arguments)
    assert len(closed) == 3


@pytest.mark.django_db
def test_the_form_the_model_and_the_visit(meeting: Note, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(ADMIN)["MeetingAdmin"].form.__name__ == "SharedModelForm"
    listing = MODEL.replace(
        "    minutes =", "    class Meta:\n        app_label = 'channels_yjs_how_to'\n\n    minutes ="
    )
    made = run(listing, SharedModel=SharedModel, models=models, __name__="how_to")["Meeting"]
    assert made.shared_fields() == {"minutes", "date", "done"}
    run(VISIT.replace("0.1", "0.001"), meeting=meeting)
    meeting.refresh_from_db()
    assert meeting.text == "Agenda: tea.Who was there?"
