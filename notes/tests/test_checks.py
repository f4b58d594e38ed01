from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.test import Client

from notes.checks import check_browser_libraries
from notes.documents import create_note
from notes.models import Note, Update


@pytest.fixture
def unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "find", lambda path: None)


def test_missing_browser_libraries_are_a_warning_that_names_the_command(unbuilt: None) -> None:
    [warning] = check_browser_libraries()
    assert warning.id == "notes.W001"
    assert warning.hint == "Build them with: nox -s vendor, or: npm ci && npm run build"


@pytest.mark.django_db
def test_the_page_names_the_command_too(unbuilt: None, client: Client) -> None:
    text = client.get("/notes/1/").content.decode()
    assert "<code>nox -s vendor</code>" in text
    assert "importmap" not in text
    assert "This note is yours" in text


def test_built_libraries_are_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "find", lambda path: Path(path))
    assert check_browser_libraries() == []


@pytest.mark.django_db
def test_compact_notes_folds_the_logs_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    notes = [create_note(title) for title in ("One", "Two")]
    for note in notes:
        Update.objects.create(note=note, seq=2, payload=b"\x00\x00")
        Note.objects.filter(pk=note.pk).update(seq=2)
    call_command("compact_notes", str(notes[0].pk))
    assert capsys.readouterr().out.startswith(f"note {notes[0].pk}: 2 rows, now 0, ")
    assert Update.objects.filter(note=notes[1]).count() == 2
    call_command("compact_notes")
    assert Update.objects.filter(note=notes[1]).count() == 0


@pytest.mark.django_db
def test_compact_notes_names_a_note_with_a_gap_and_goes_on_with_the_next() -> None:
    broken, sound = create_note("One"), create_note("Two")
    for note in (broken, sound):
        Update.objects.create(note=note, seq=2, payload=b"\x00\x00")
        Note.objects.filter(pk=note.pk).update(seq=2)
    Update.objects.filter(note=broken, seq=1).delete()
    with pytest.raises(CommandError, match=rf"^The log of note {broken.pk} is incomplete: [^\n]*$"):
        call_command("compact_notes")
    assert Update.objects.filter(note=broken).count() == 1
    assert Update.objects.filter(note=sound).count() == 0
