"""The tables of shared documents, and the base class of the models whose texts people write together.

The truth about a document is its log: `Snapshot.state`, then every `Update.payload` after `Snapshot.seq`, in any
order. The fields of the model that owns the document follow the log, for lists, search and readers without
JavaScript. Only a document's first text goes the other way, from field to log.
"""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction

IDENTITY_BYTES = 16


def new_identity() -> str:
    return secrets.token_hex(IDENTITY_BYTES)


class Owner(NamedTuple):
    """The row that a document belongs to, as processes name it: its model ("notes.note") and its key."""

    model: str
    pk: str

    @classmethod
    def of(cls, row: "SharedModel") -> Self:
        return cls(name_of(type(row)), str(row.pk))


def name_of(model: "type[SharedModel]") -> str:
    """A proxy has the name of the model whose rows it shows."""
    return (model._meta.concrete_model or model)._meta.label_lower


class DocumentManager(models.Manager["Document"]):
    def find(self, owner: "SharedModel") -> "Document":
        """Raises Document.DoesNotExist if the owner has not been opened yet."""
        return self.get(content_type=ContentType.objects.get_for_model(owner), object_id=str(owner.pk))

    def of(self, owner: "SharedModel") -> "Document":
        """The owner's document. If there is none, makes it from the owner's fields as they are in the database now:
        once, however many ask at the same time. Raises the DoesNotExist of the owner's model."""
        try:
            return self.find(owner)
        except Document.DoesNotExist:
            pass
        try:
            return self._make(owner)
        except IntegrityError:  # somebody else was quicker
            return self.find(owner)

    def _make(self, owner: "SharedModel") -> "Document":
        from .log.first import first_update  # imported here: most commands need no CRDT library

        with transaction.atomic():
            row = type(owner)._base_manager.select_for_update().get(pk=owner.pk)
            document = self.create(content_object=row, seq=1)
            payload = first_update(row.first_texts())
            Update.objects.create(document=document, seq=1, payload=payload)
        return document


class Document(models.Model):
    """One row for each owner that has been opened. It holds no text: it is written at each commit.

    `seq` is the number of the newest row of the document's log. A transaction that takes the next number holds a lock
    on this row until the commit, so the numbers have no gaps and follow the order of the commits.

    `identity` is random and never used twice. A recreated database numbers its rows from 1 again, so the number alone
    cannot tell a page that comes back whether this is still its document."""

    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.CharField(max_length=255)  # text, so that owners may have keys of any kind
    content_object = GenericForeignKey()
    seq = models.PositiveBigIntegerField(default=0)
    identity = models.CharField(max_length=2 * IDENTITY_BYTES, default=new_identity, editable=False)

    objects = DocumentManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["content_type", "object_id"], name="one_document_per_owner")]

    def __str__(self) -> str:
        return f"document of {self.content_type} {self.object_id}"

    @property
    def model(self) -> "type[SharedModel] | None":
        """The owner's model. None if its app is no longer installed."""
        model = ContentType.objects.get_for_id(self.content_type_id).model_class()
        return model if model and issubclass(model, SharedModel) else None

    def lock_owner(self) -> "SharedModel | None":
        """The owner's row, locked until the end of the transaction. None if there is none."""
        return self.model._base_manager.select_for_update().filter(pk=self.object_id).first() if self.model else None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its texts, as browsers know them."""
        return tuple(self.model.shared_texts) if self.model else ()


class Update(models.Model):
    """One committed batch of changes. Append-only until compaction folds it into the snapshot."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="updates")
    seq = models.PositiveBigIntegerField()
    payload = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "seq"], name="one_update_per_number_of_document")]

    def __str__(self) -> str:
        return f"update {self.seq} of document {self.document_id}"


class Snapshot(models.Model):
    """The document's log up to and including `seq`, encoded as one update."""

    document = models.OneToOneField(Document, models.CASCADE, related_name="snapshot")
    seq = models.PositiveBigIntegerField()
    state = models.BinaryField()

    def __str__(self) -> str:
        return f"snapshot of document {self.document_id} up to {self.seq}"


class SharedModel(models.Model):
    """Base of a model with texts that several people edit at once. It adds no column and needs no migration.

    `shared_texts` names the texts as browsers know them, and for each the field that follows it:
    `{"minutes": "minutes"}`. The text that a field holds when the document is first opened becomes its first text.
    """

    shared_texts: ClassVar[Mapping[str, str]] = {}
    follows = False  # True on the object through which a room brings the fields up to date with the document

    yjs_documents = GenericRelation(Document)

    # Declared because mypy gives up on an abstract model without a manager. A model with its own managers names the
    # default in Meta.default_manager_name.
    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True

    @property
    def document_identity(self) -> str:
        """The identity of this row's document, for the address that its pages connect to: it lets the server tell a
        page that comes back after the database was recreated that this is another document now. Blocking. Opens the
        document."""
        return Document.objects.of(self).identity

    def first_texts(self) -> dict[str, str]:
        """The texts that a document begins with, by name. Called once, when it is first opened."""
        return {name: self._first_text(field) for name, field in self.shared_texts.items()}

    def project(self, texts: Mapping[str, str]) -> bool:
        """Brings the fields up to date with the texts, by name, as people read them now. Saves the changed ones, so
        `auto_now` and `post_save` work as for any change. Returns whether anything changed: then lists are told.

        Runs in the thread that commits, so it delays everybody's commits for as long as it takes.
        """
        changed = []
        for name, field in self.shared_texts.items():
            fitting = self._fit(field, texts[name])
            if getattr(self, field) != fitting:
                setattr(self, field, fitting)
                changed.append(field)
        if changed:
            self.save(update_fields=[*changed, *self._changing_by_themselves()])
        return bool(changed)

    def _first_text(self, field: str) -> str:
        """A field's text as an editor shows it. Forms, and files from Windows, end lines with CR LF; the editor would
        show the CR as a character. A one-line field becomes one line."""
        text: str = getattr(self, field) or ""
        return (
            text.replace("\r\n", "\n").replace("\r", "\n") if self._has_lines(field) else " ".join(text.splitlines())
        )

    def _fit(self, field: str, text: str) -> str:
        text = text.replace("\x00", "")  # PostgreSQL stores no NUL in a text
        if self._has_lines(field):
            return text
        limit: int | None = getattr(self._meta.get_field(field), "max_length", None)
        return " ".join(text.split())[:limit]

    @classmethod
    def _has_lines(cls, field: str) -> bool:
        return isinstance(cls._meta.get_field(field), models.TextField)

    @classmethod
    def _changing_by_themselves(cls) -> list[str]:
        fields: list[Any] = list(cls._meta.concrete_fields)
        return [field.name for field in fields if getattr(field, "auto_now", False)]


def shared_models() -> list[type[SharedModel]]:
    """The shared models of all installed apps."""
    return [model for model in apps.get_models() if issubclass(model, SharedModel)]
