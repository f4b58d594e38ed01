"""What `manage.py check` says of a project: of its shared models, channel layer, database and sessions."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from .models import SharedModel, shared_models
from .modules import BUILT, changed_since_built

BUILD_COMMAND = "nox -s vendor, or: npm ci && npm run build"
NOT_PLAIN = (models.JSONField, models.FileField, models.BinaryField)
DB_CASCADE = getattr(models, "DB_CASCADE", None)  # since Django 6.1
# What a model may define anew, besides what Django's base class has, and what Django puts into it.
FOR_MODELS = {
    *("shared_texts", "shared_values", "edited_by", "document_identity", "first_texts", "first_values", "project"),
    *("yjs_documents", "Meta", "_meta"),
}
TAKEN = {"yjs_documents", *(name for name in vars(SharedModel) if not name.startswith("__"))}


def are_browser_libraries_built() -> bool:
    return all(finders.find(metafile) for metafile in BUILT)


@register
def check_browser_libraries(**kwargs: Any) -> list[CheckMessage]:
    if not are_browser_libraries_built():
        words = "The browser libraries have not been built, so documents can be read but not written."
    elif changed := changed_since_built():
        words = f"Pages run modules of the engine as they were before they changed: {', '.join(changed)}."
    else:
        return []
    return [CheckWarning(words, hint=f"Build them with: {BUILD_COMMAND}", id="channels_yjs.W001")]


@register
def check_channel_layer(**kwargs: Any) -> list[CheckMessage]:
    if "default" in getattr(settings, "CHANNEL_LAYERS", {}):
        return []
    hint = 'For one process: CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}'
    return [Error("There is no channel layer, so nobody can connect.", hint=hint, id="channels_yjs.E001")]


@register
def check_database(**kwargs: Any) -> list[CheckMessage]:
    database = settings.DATABASES["default"]
    if not database.get("AUTOCOMMIT", True):
        words = "Without AUTOCOMMIT Django commits nothing, so people would be told “saved” of what is not."
        return [Error(words, hint='Remove "AUTOCOMMIT" from DATABASES["default"].', id="channels_yjs.E003")]
    is_immediate = database.get("OPTIONS", {}).get("transaction_mode") == "IMMEDIATE"
    if not database.get("ENGINE", "").endswith("sqlite3") or is_immediate:
        return []
    hint = 'DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}'
    words = "A transaction that reads before it writes fails, “database is locked”, if another one writes meanwhile."
    return [CheckWarning(words, hint=hint, id="channels_yjs.W002")]


@register
def check_sessions(**kwargs: Any) -> list[CheckMessage]:
    if settings.SESSION_ENGINE != "django.contrib.sessions.backends.signed_cookies":
        return []
    hint = "Keep sessions in the database, a cache or both: SESSION_ENGINE."
    words = "A logout may leave connections open: a session in a signed cookie lasts until the cookie is too old."
    return [CheckWarning(words, hint=hint, id="channels_yjs.W003")]


@register
def check_models(**kwargs: Any) -> list[CheckMessage]:
    return [
        Error(words, obj=model, id="channels_yjs.E002") for model in shared_models() for words in faults_of(model)
    ]


def faults_of(model: type[SharedModel]) -> Iterator[str]:
    texts: Any = model.shared_texts
    if not isinstance(texts, Mapping) or not texts:
        yield 'shared_texts names no text. For each, give the field that follows it: {"minutes": "minutes"}.'
        return
    for field in texts.values():
        try:
            found = model._meta.get_field(field)
            is_text = isinstance(found, models.CharField | models.TextField)
        except FieldDoesNotExist:
            yield f"shared_texts names the field {field!r}, which the model does not have."
        else:
            if not is_text:
                yield f"shared_texts names the field {field!r}, which is neither a CharField nor a TextField."
            elif isinstance(found, models.Field) and found.unique:
                yield f"shared_texts names the field {field!r}, which is unique, and two texts may be the same."
            elif not (model._meta.proxy or issubclass(found.model, SharedModel)):
                yield (
                    f"shared_texts names the field {field!r} of {found.model.__name__}, which is not shared: what is "
                    "saved there would be no edit."
                )
    values: Any = model.shared_values
    if not isinstance(values, Mapping):
        yield 'shared_values is no mapping. For each value, give the field that follows it: {"done": "done"}.'
        return
    for field in values.values():
        try:
            found = model._meta.get_field(field)
            if found.is_relation or isinstance(found, NOT_PLAIN) or hasattr(found, "base_field"):
                yield f"shared_values names the field {field!r}, whose value is no text, number, true, false or none."
            elif getattr(found, "primary_key", False) or getattr(found, "generated", False):
                yield f"shared_values names the field {field!r}, which people cannot set."
        except FieldDoesNotExist:
            yield f"shared_values names the field {field!r}, which the model does not have."
    parents = [] if model._meta.proxy else model._meta.get_parent_list()
    if shared := [parent.__name__ for parent in parents if issubclass(parent, SharedModel)]:
        yield (
            f"It inherits from {shared[0]}, which is shared itself, so a row would have two documents. "
            "Share one of the two, or make the parent abstract."
        )
    if values and "values" in texts:
        yield "shared_texts has a text named 'values', which is the name of the map of the values in the browser."
    whole: Any = model._meta.concrete_model
    if not issubclass(whole, SharedModel):
        yield "It is a proxy of a model that is not shared, whose rows would not follow. Share that one."
    elif (texts, values) != (whole.shared_texts, whole.shared_values):
        yield f"It is a proxy that shares other fields than {whole.__name__}, whose rows would not follow."
    if len(model._meta.pk_fields) > 1:
        yield "Its primary key has several fields, and documents are of rows with a key of one."
    for field in model._meta.fields:
        if field.name in TAKEN and field.name != "project":  # then the rows follow as they usually do
            yield f"The field {field.name!r} has a name that SharedModel uses itself."
        elif DB_CASCADE and field.remote_field and field.remote_field.on_delete == DB_CASCADE:
            yield f"{field.name!r} has rows deleted by the database, which leaves their documents: use CASCADE."
    own = {name for kind in model.__mro__ if not issubclass(SharedModel, kind) for name in vars(kind)}
    fields = {field.name for field in model._meta.fields}
    wrong = {name for name in ("first_texts", "first_values", "project") if not callable(getattr(model, name))}
    for name in sorted((own & TAKEN - {*FOR_MODELS, *vars(models.Model)} | wrong) - fields):
        yield f"It has a method, a property or a relation (see related_name) {name!r}, which SharedModel uses itself."
