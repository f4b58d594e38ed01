from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import isolate_apps
from pytest_django import Settings

from channels_yjs.checks import (
    check_browser_libraries,
    check_channel_layer,
    check_database,
    check_models,
    check_sessions,
    faults_of,
)
from channels_yjs.models import Document, SharedModel, Update
from channels_yjs.tests.project.models import Note
from channels_yjs.tests.sharing import create_document


def test_missing_browser_libraries_are_a_warning_that_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "find", lambda path: None)
    [warning] = check_browser_libraries()
    assert warning.id == "channels_yjs.W001"
    assert warning.hint == "Build them with: nox -s vendor, or: npm ci && npm run build"


def test_what_is_built_is_no_warning() -> None:
    assert check_browser_libraries() == []


def test_a_module_that_has_changed_since_it_was_built_is_a_warning(tmp_path: Path, settings: Settings) -> None:
    settings.STATICFILES_DIRS = [tmp_path]
    changed = tmp_path / "channels_yjs" / "js" / "saved.js"
    changed.parent.mkdir(parents=True)
    changed.write_text("// as it is now\n")
    [warning] = check_browser_libraries()
    assert warning.msg.endswith("before they changed: channels_yjs/static/channels_yjs/js/saved.js.")


def create_written_document(title: str) -> Document:
    document = create_document(title)
    Update.objects.create(document=document, seq=2, payload=b"\x00\x00")
    Document.objects.filter(pk=document.pk).update(seq=2)
    return document


@pytest.mark.django_db
def test_compact_documents_folds_the_logs_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    one, two = create_written_document("One"), create_written_document("Two")
    call_command("compact_documents", str(one.pk))
    assert capsys.readouterr().out.startswith(f"{one}: 2 rows, now 0, ")
    assert two.updates.count() == 2
    call_command("compact_documents")
    assert two.updates.count() == 0


@pytest.mark.django_db
def test_compact_documents_names_a_log_with_a_gap_and_goes_on_with_the_next() -> None:
    broken, sound = create_written_document("One"), create_written_document("Two")
    broken.updates.filter(seq=1).delete()
    with pytest.raises(CommandError, match=rf"^The log of document {broken.pk} is incomplete: [^\n]*$"):
        call_command("compact_documents")
    assert (broken.updates.count(), sound.updates.count()) == (1, 0)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({}, "names no text"),
        (["title"], "names no text"),
        ({"body": "bdy"}, "names the field 'bdy', which the model does not have"),
        ({"body": "created_at"}, "which is neither a CharField nor a TextField"),
    ],
)
def test_texts_that_no_field_can_follow_are_an_error(texts: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_models() == []
    monkeypatch.setattr(Note, "shared_texts", texts)
    [error] = check_models()
    assert (error.id, error.obj) == ("channels_yjs.E002", Note)
    assert words in error.msg


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["made"], "shared_values is no mapping"),
        ({"made": "mde"}, "the field 'mde', which the model does not have"),
        ({"is": "yjs_documents"}, "whose value is no text"),
    ],
)
def test_values_that_no_field_can_follow_are_an_error(
    values: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Note, "shared_values", values)
    [error] = check_models()
    assert words in error.msg


@isolate_apps("channels_yjs.tests.project")
def test_a_model_that_inherits_from_a_shared_one_is_an_error() -> None:
    class Letter(Note):
        class Meta:
            app_label = "project"

    [fault] = faults_of(Letter)
    assert fault.startswith("It inherits from Note, which is shared itself")


@pytest.mark.parametrize(
    ("is_proxy", "words"),
    [
        (False, "shared_texts names the field 'body' of Plain, which is not shared"),
        (True, "It is a proxy of a model that is not shared"),
    ],
)
@isolate_apps("channels_yjs.tests.project")
def test_a_shared_child_of_a_model_that_is_not_shared_is_an_error(is_proxy: bool, words: str) -> None:
    """Whoever saves the parent would make no edit."""

    class Plain(models.Model):  # noqa: DJ008
        body = models.TextField()

        class Meta:
            app_label = "project"

    class Shared(SharedModel, Plain):  # noqa: DJ008
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"
            proxy = is_proxy

    [fault] = faults_of(Shared)
    assert fault.startswith(words)


@isolate_apps("channels_yjs.tests.project")
def test_a_field_by_a_name_of_the_base_class_is_an_error() -> None:
    class Letter(SharedModel):
        body = models.TextField()
        remember = models.IntegerField()  # type: ignore[assignment]
        adopt = models.IntegerField()  # type: ignore[assignment]
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"

    assert [fault.split("'")[1] for fault in faults_of(Letter)] == ["remember", "adopt"]


@isolate_apps("channels_yjs.tests.project")
def test_a_relation_or_a_method_by_a_name_of_the_base_class_is_an_error() -> None:
    """What a model may define anew is none, and a field is named once."""

    class Letter(SharedModel):
        body = models.TextField()
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"

        def __str__(self) -> str:
            return self.body

        def save(self, *args: Any, **kwargs: Any) -> None:
            super().save(*args, **kwargs)

        def first_texts(self) -> dict[str, str]:
            return {}

        def remember(self) -> None:  # type: ignore[override]
            pass

    class Stamp(models.Model):  # noqa: DJ008
        letter = models.ForeignKey(Letter, models.CASCADE, related_name="adopt")
        other = models.ForeignKey(Letter, models.CASCADE, related_name="project")

        class Meta:
            app_label = "project"

    assert [fault.split("'")[1] for fault in faults_of(Letter)] == ["adopt", "project", "remember"]
    assert Stamp._meta.get_field("letter").related_model is Letter


@isolate_apps("channels_yjs.tests.project")
def test_names_in_a_list_are_an_error_of_the_check() -> None:
    """And none of the import, which would say nothing."""

    class Letter(SharedModel):
        body = models.TextField()
        shared_texts = ["body"]  # type: ignore[assignment]

        class Meta:
            app_label = "project"

    [fault] = faults_of(Letter)
    assert fault.startswith("shared_texts names no text")


@isolate_apps("channels_yjs.tests.project")
def test_a_value_that_no_input_can_show_or_set_is_an_error() -> None:
    class Letter(SharedModel):
        body = models.TextField()
        tags = models.JSONField(default=list)
        twice = models.GeneratedField(
            expression=models.F("id") * 2, output_field=models.IntegerField(), db_persist=True
        )
        shared_texts = {"body": "body"}
        shared_values = {"tags": "tags", "number": "id", "twice": "twice"}

        class Meta:
            app_label = "project"

    words = [fault.removeprefix("shared_values names the field ").partition(",") for fault in faults_of(Letter)]
    assert [name for name, _, _ in words] == ["'tags'", "'id'", "'twice'"]
    assert ["cannot set" in why for _, _, why in words] == [False, True, True]


@isolate_apps("channels_yjs.tests.project")
def test_a_key_of_several_fields_is_an_error() -> None:
    class Letter(SharedModel):
        pk = models.CompositePrimaryKey("year", "number")
        year = models.IntegerField()
        number = models.IntegerField()
        body = models.TextField()
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"

    assert list(faults_of(Letter)) == [
        "Its primary key has several fields, and documents are of rows with a key of one."
    ]


@pytest.mark.skipif(not hasattr(models, "DB_CASCADE"), reason="new in Django 6.1")
@isolate_apps("channels_yjs.tests.project")
def test_rows_that_the_database_deletes_are_an_error() -> None:
    """It knows nothing of their documents, in which people would go on."""

    class Letter(SharedModel):
        body = models.TextField()
        note = models.ForeignKey(Note, models.DB_CASCADE)
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"

    [fault] = faults_of(Letter)
    assert fault.startswith("'note' has rows deleted by the database")


@isolate_apps("channels_yjs.tests.project")
def test_the_manager_of_another_base_is_the_model_s() -> None:
    class Kept(models.Manager[Any]):
        pass

    class SoftlyDeleted(models.Model):
        objects = Kept()

        class Meta:
            abstract = True

    class Letter(SharedModel, SoftlyDeleted):  # noqa: DJ008
        body = models.TextField()
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"

    class Plain(SharedModel):
        body = models.TextField()
        shared_texts = {"body": "body"}

        class Meta:
            app_label = "project"

    assert list(faults_of(Letter)) == []
    assert type(Letter.objects) is Kept
    assert type(Plain.objects) is models.Manager


def test_a_project_without_a_channel_layer_is_told_so(settings: Any) -> None:
    assert check_channel_layer() == []
    settings.CHANNEL_LAYERS = {}
    [error] = check_channel_layer()
    assert error.id == "channels_yjs.E001"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has one lock for all")
def test_sqlite_whose_writers_do_not_wait_is_a_warning(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_database() == []
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", {})
    [warning] = check_database()
    assert warning.id == "channels_yjs.W002"


def test_a_database_that_commits_nothing_is_an_error(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "AUTOCOMMIT", False)
    [error] = check_database()
    assert error.id == "channels_yjs.E003"


def test_sessions_that_nobody_can_end_are_a_warning(settings: Any) -> None:
    assert check_sessions() == []
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    [warning] = check_sessions()
    assert warning.id == "channels_yjs.W003"


@isolate_apps("channels_yjs.tests.project")
def test_a_unique_text_is_an_error() -> None:
    class Letter(SharedModel):
        slug = models.CharField(max_length=50, unique=True)
        shared_texts = {"slug": "slug"}

        class Meta:
            app_label = "project"

    assert list(faults_of(Letter)) == [
        "shared_texts names the field 'slug', which is unique, and two texts may be the same."
    ]


@isolate_apps("channels_yjs.tests.project")
def test_a_proxy_that_shares_other_fields_is_an_error() -> None:
    class Titled(Note):
        shared_texts = {"title": "title"}

        class Meta:
            app_label = "project"
            proxy = True

    [fault] = faults_of(Titled)
    assert fault == "It is a proxy that shares other fields than Note, whose rows would not follow."


def test_a_text_by_the_name_of_the_map_of_values_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Note, "shared_texts", {"values": "text"})
    assert not list(faults_of(Note))
    monkeypatch.setattr(Note, "shared_values", {"name": "title"})
    [fault] = faults_of(Note)
    assert fault.startswith("shared_texts has a text named 'values'")
