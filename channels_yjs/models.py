"""The tables of shared documents, and the base class of the models whose texts people write together.

The truth about a document is its log: `Snapshot.state`, then every `Update.payload` after `Snapshot.seq`, in any
order. The fields of the model that owns the document follow the log, for lists, search and readers without
JavaScript. Only a document's first text goes the other way, from field to log.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, models, router, transaction
from django.db.models.expressions import DatabaseDefault
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import class_prepared
from django.dispatch import receiver

from .fields import as_json, checksum_of, fit, tidy, valid
from .names import Owner, as_text, key_of

IDENTITY_BYTES = 16
POSITIONAL = ("force_insert", "force_update", "using", "update_fields")  # arguments of save(), up to Django 5.2
CONTENT_TYPES = ContentType.objects.db_manager(DEFAULT_DB_ALIAS)


def new_identity() -> str:
    return secrets.token_hex(IDENTITY_BYTES)


Row = TypeVar("Row", bound=models.Model)


class OneDatabaseManager(models.Manager[Row]):
    """Reads and writes the default database, whatever a router says: a replica may not have yet what a process has
    just written, and would make a log seem shorter than it is."""

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().using(self._db or DEFAULT_DB_ALIAS)


class DocumentManager(OneDatabaseManager["Document"]):
    def find(self, owner: "SharedModel") -> "Document":
        """Raises Document.DoesNotExist if the owner has not been opened yet."""
        return self._of(owner).get()

    def has(self, owner: "SharedModel") -> bool:
        """Whether the owner has been opened."""
        return self._of(owner).exists()

    def _of(self, owner: "SharedModel") -> "models.QuerySet[Document]":
        return self.filter(content_type=CONTENT_TYPES.get_for_model(owner), object_id=Owner.of(owner).pk)

    def of(self, owner: "SharedModel") -> "Document":
        """The owner's document. If there is none, makes it from the owner's fields as they are in the database now:
        once, however many ask at the same time. So with a text or value that its model has come to share since.
        Raises the DoesNotExist of the owner's model."""
        if (database := router.db_for_write(owner.__class__, instance=owner)) != DEFAULT_DB_ALIAS:
            raise ValueError(
                f"{owner._meta.label} {owner.pk} is a row of the database {database!r}, and documents are of rows of "
                "the default one."
            )
        try:
            document = self.find(owner)
        except Document.DoesNotExist:
            try:
                return self._make(owner)
            except IntegrityError:  # somebody else was quicker
                document = self.find(owner)
        return document if document.has_begun(owner.shared_names()) else self._begin_rest(document, owner)

    def lock_with_owner(self, document: "Document") -> "tuple[Document, SharedModel | None]":
        """Both rows as they are now, locked until the end of the transaction. The owner's first: so does Django code
        that saves what it has locked, and two who lock in different orders wait for each other. Raises
        Document.DoesNotExist."""
        owner = document.lock_owner()
        return self.select_for_update().get(pk=document.pk), owner

    def _make(self, owner: "SharedModel") -> "Document":
        from .log.first import first_update  # imported here: most commands need no CRDT library

        with transaction.atomic():
            row = owner.__class__._base_manager.select_for_update().select_related(None).get(pk=owner.pk)
            document = self.create(content_object=row, seq=1, begun=row.shared_names())
            payload = first_update(row.first_texts(), row.first_values())
            Update.objects.create(document=document, seq=1, payload=payload)
        return document

    def _begin_rest(self, document: "Document", owner: "SharedModel") -> "Document":
        """Otherwise a field that was full would follow a text that nobody has ever written, and be emptied."""
        from .log.first import first_update

        with transaction.atomic():
            document, row = self.lock_with_owner(document)
            begun: dict[str, list[str]] = document.begun or {}
            names = owner.shared_names()
            if row is None or document.has_begun(names):
                return document
            texts = {name: text for name, text in row.first_texts().items() if name not in begun["texts"]}
            values = {key: value for key, value in row.first_values().items() if key not in begun["values"]}
            document.begun = {kind: sorted({*begun[kind], *names[kind]}) for kind in names}
            document.checksum = None  # that was one of fewer fields
            if texts or values:
                document.seq += 1
                Update.objects.create(document=document, seq=document.seq, payload=first_update(texts, values))
            document.save(update_fields=["begun", "seq", "checksum"])
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
    # The names of the texts and values that it has begun with; null if nobody knows, as for the oldest documents.
    begun = models.JSONField(null=True, editable=False)
    # Up to which number of the log the owner's fields have followed, and their checksum then.
    followed = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    checksum = models.PositiveBigIntegerField(null=True, editable=False)

    objects = DocumentManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["content_type", "object_id"], name="one_document_per_owner")]

    def __str__(self) -> str:
        return f"document of {self.content_type} {self.object_id}"

    def has_begun(self, names: Mapping[str, list[str]]) -> bool:
        return self.begun is None or all(set(names[kind]) <= set(self.begun[kind]) for kind in names)

    @property
    def model(self) -> "type[SharedModel] | None":
        """The owner's model. None if its app is no longer installed."""
        model = CONTENT_TYPES.get_for_id(self.content_type_id).model_class()
        return model if model and issubclass(model, SharedModel) else None

    def lock_owner(self) -> "SharedModel | None":
        """The owner's row, locked until the end of the transaction. None if there is none."""
        if self.model is None:
            return None
        found = self.model._base_manager.select_for_update().select_related(None).filter(pk=self.object_id)
        return found.order_by("pk").first()  # the model's own order may join a table that cannot be locked

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its texts, as browsers know them, and of those that were renamed or are no longer shared."""
        begun = (self.begun or {}).get("texts", ())
        return tuple(sorted({*self.model.shared_texts, *begun})) if self.model else ()


class Update(models.Model):
    """One committed batch of changes. Append-only until compaction folds it into the snapshot."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="updates")
    seq = models.PositiveBigIntegerField()
    payload = models.BinaryField()
    authors = models.JSONField(null=True)  # [[name, user], …]; null if nobody knows
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OneDatabaseManager["Update"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "seq"], name="one_update_per_number_of_document")]

    def __str__(self) -> str:
        return f"update {self.seq} of document {self.document_id}"


class Snapshot(models.Model):
    """The document's log up to and including `seq`, encoded as one update."""

    document = models.OneToOneField(Document, models.CASCADE, related_name="snapshot")
    seq = models.PositiveBigIntegerField()
    state = models.BinaryField()

    objects = OneDatabaseManager["Snapshot"]()

    def __str__(self) -> str:
        return f"snapshot of document {self.document_id} up to {self.seq}"


class DocumentsRelation(GenericRelation):
    """Rows of another database have no documents, and it need not have a table of them."""

    def bulk_related_objects(self, objs: Any, using: str = DEFAULT_DB_ALIAS) -> Any:
        return super().bulk_related_objects(objs, using) if using == DEFAULT_DB_ALIAS else Document.objects.none()


class SharedModel(models.Model):
    """Base of a model with texts that several people edit at once. It adds no column and needs no migration.

    `shared_texts` names the texts as browsers know them, and for each the field that follows it:
    `{"minutes": "minutes"}`. `shared_values` does the same for values that change as a whole, such as a date or a
    tick box: the keys of the document's map "values". What a field holds when the document is first opened becomes
    its first text or value.

    A change of such a field that `save` finds is an edit: the difference between what was loaded and what is saved
    is applied to what the document says by then. `QuerySet.update`, `bulk_update` and SQL bypass that, and the field
    goes back to what the document says as soon as that changes.
    """

    shared_texts: ClassVar[Mapping[str, str]] = {}
    shared_values: ClassVar[Mapping[str, str]] = {}
    edited_by: Any = ""  # who changes a shared field before the next save(): a name, or a user of Django's
    follows_document = False  # True on the object through which the fields are brought up to date with the document
    _loaded: Mapping[str, Any] = {}  # the shared fields as they were loaded or saved last
    _loaded_from: Any = None  # the key of the row of which that was
    being_saved: set[str] = set()  # the shared fields of a row that is about to be written, once they are shared

    yjs_documents = DocumentsRelation(Document)

    if TYPE_CHECKING:  # mypy gives up on an abstract model without a manager; a real one would come before a base's
        objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves changes of shared fields as edits, after which the fields hold what the document says: what was
        changed here, and what others wrote meanwhile. Raises EditError if the document cannot take them. Documents
        are of rows of the default database; in any other one a row is saved as it is."""
        kwargs |= dict(zip(POSITIONAL, args, strict=False))
        saved, before = self.shared_fields(), (self._loaded, self._loaded_from)
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = list(fields)
            saved &= set(kwargs["update_fields"])
        if not self._state.adding:
            saved &= self.__dict__.keys()
        usual = router.db_for_write(type(self), instance=self)
        using = kwargs.get("using") or usual
        if self._is_of_other_row() or (self._state.db and using != usual):
            self._loaded = {}  # all of it is news to this row
        may_exist = not self._state.adding or self._may_exist() or kwargs.get("force_update")
        if using != DEFAULT_DB_ALIAS or self.follows_document or not saved or not may_exist:
            super().save(**kwargs)
        else:
            with self._all_or_nothing(saved, *before):
                self._share_changes(saved)
                self.remember(saved)
                self.being_saved = saved
                super().save(**kwargs)
        self.remember(saved)

    @contextmanager
    def _all_or_nothing(self, saved: set[str], loaded: Mapping[str, Any], loaded_from: Any) -> Iterator[None]:
        """A transaction. If it is not committed, all that was set in these fields is still to be saved."""
        set_here = {field: self.__dict__[field] for field in saved & self.__dict__.keys()}
        is_committed = False

        def note_commit() -> None:
            nonlocal is_committed
            is_committed = True

        try:
            with transaction.atomic():
                transaction.on_commit(note_commit)  # the first one: others may raise
                yield
        except BaseException:
            if not is_committed:
                self.__dict__.update(set_here)
                self._loaded, self._loaded_from = loaded, loaded_from
            raise
        finally:
            self.being_saved = set()

    def _save_table(self, *args: Any, **kwargs: Any) -> bool:
        """Django's: writes the row, after the receivers of pre_save, who may have changed what is shared."""
        if self.unshared_changes(self.being_saved):
            self._share_changes(self.being_saved, is_first=False)
        self.being_saved = set()
        return bool(super()._save_table(*args, **kwargs))

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        row = super().from_db(*args, **kwargs)
        row.remember(cls.shared_fields())
        return row

    def refresh_from_db(self, using: Any = None, fields: Any = None, *args: Any, **kwargs: Any) -> None:
        fields = None if fields is None else list(fields)
        super().refresh_from_db(using, fields, *args, **kwargs)
        self.remember(self.shared_fields().intersection(self.shared_fields() if fields is None else fields))

    def loaded_value(self, field: str) -> Any:
        """What a shared field was when it was loaded or saved last. None if nobody knows."""
        return self._loaded.get(field)

    def remember(self, fields: Iterable[str]) -> None:
        """Takes these fields as they are now for what the next change is made to."""
        self.remember_as({field: self.__dict__[field] for field in fields if field in self.__dict__})

    def remember_as(self, shown: Mapping[str, Any]) -> None:
        """Takes these values for what the next change is made to: a form showed them."""
        self._loaded = {**self._loaded, **shown}
        self._loaded_from = self.pk

    def _share_changes(self, saved: set[str], *, is_first: bool = True) -> None:
        """Takes over what others wrote, so that saving an object that was loaded before does not undo it. The row
        tells of that only at first: then it is locked, and this object is ahead of it."""
        changes = self.unshared_changes(saved)
        for field, (_, value) in changes.items():
            if hasattr(value, "resolve_expression"):
                raise TypeError(f"{field} is shared, so it cannot be saved as an expression: use edit().")
        has_document = Document.objects.has(self)
        if not (changes and has_document):  # then lock the row, so that nobody makes its document meanwhile
            loaded = saved & self.__dict__.keys()
            mine = type(self)._base_manager.select_for_update().filter(pk=self.pk).order_by("pk")
            row = mine.values("pk", *loaded).first() or {}
            for field in loaded & row.keys() - changes.keys():
                setattr(self, field, row[field])
            has_document = has_document or Document.objects.has(self)
            has_document = has_document or (is_first and self._is_overtaken(changes, row))
        if changes and has_document:
            from .editing import share  # imported here: most commands need no CRDT library

            database, self._state.db = self._state.db, DEFAULT_DB_ALIAS  # it may have been loaded from another one
            try:
                share(self, changes, saved)
            finally:
                self._state.db = database

    def _is_overtaken(self, changes: Mapping[str, tuple[Any, Any]], row: Mapping[str, Any]) -> bool:
        """Whether somebody else has saved another text than the one that was changed here. Then both are edits, also
        of a row that nobody has opened."""
        texts = changes.keys() & row.keys() & set(self.shared_texts.values())
        return any(
            self.tidy_text(field, as_text(loaded)) != self.tidy_text(field, as_text(row[field]))
            for field in texts
            if (loaded := changes[field][0]) is not None
        )

    def unshared_changes(self, fields: Iterable[str]) -> dict[str, tuple[Any, Any]]:
        """What each changed one of these fields was, and what it is now. What it was is None if nobody knows."""
        changes = {}
        for field in self.__dict__.keys() & set(fields):
            before, after = self._loaded.get(field), self.__dict__[field]
            if field in self._loaded and field in self.shared_texts.values():
                # To a document, null is an empty text.
                before, after = ("" if value is None else value for value in (before, after))
            if before != after and not isinstance(after, DatabaseDefault):
                changes[field] = (before, after)
        return changes

    def _is_of_other_row(self) -> bool:
        """Whether what was loaded is of another row than the one with this key: somebody has changed the key."""
        if self._loaded_from is None:
            return False
        return key_of(type(self), self._loaded_from) != key_of(type(self), self.pk)

    def _may_exist(self) -> bool:
        """Whether an object that was not loaded may stand for a row, because somebody gave it a key."""
        return self.pk is not None and not self._meta.pk.has_default()

    @classmethod
    def shared_names(cls) -> dict[str, list[str]]:
        """The names that browsers know, as a document notes them."""
        return {"texts": sorted(cls.shared_texts), "values": sorted(cls.shared_values)}

    @classmethod
    def has_mappings(cls) -> bool:
        return all(isinstance(names, Mapping) for names in (cls.shared_texts, cls.shared_values))

    @classmethod
    def shared_fields(cls) -> set[str]:
        return {*cls.shared_texts.values(), *cls.shared_values.values()}

    @property
    def document_identity(self) -> str:
        """The identity of this row's document, for the address that its pages connect to: it lets the server tell a
        page that comes back after the database was recreated that this is another document now. Blocking. Opens the
        document."""
        return Document.objects.of(self).identity

    def first_texts(self) -> dict[str, str]:
        """The texts that a document begins with, by name. Called once, when it is first opened."""
        return {name: self.tidy_text(field, getattr(self, field) or "") for name, field in self.shared_texts.items()}

    def first_values(self) -> dict[str, Any]:
        """The values that a document begins with, by key, as JSON has them. Called once, when it is first opened."""
        return {key: self.plain_value(field) for key, field in self.shared_values.items()}

    def project(self, texts: Mapping[str, str], values: Mapping[str, Any]) -> list[str]:
        """Brings the fields up to date with the texts, by name, and the values, by key, as people read them now.
        Saves the changed ones, so `auto_now` and `post_save` work as for any change. Returns their names: if there
        are any, lists are told.

        Runs in the thread that commits, so it delays everybody's commits for as long as it takes. A model may have a
        field of this name, say the project that a row belongs to; then it can't override this.
        """
        changed = self.adopt(texts, values)
        if changed:
            self.save(update_fields=[*changed, *self._changing_by_themselves()])
        return changed

    def adopt(
        self, texts: Mapping[str, str], values: Mapping[str, Any], only: Collection[str] | None = None
    ) -> list[str]:
        """Sets the fields, or only these, to what the document says, and returns the names of those that changed.
        Leaves fields as they are whose values are not valid: clients may put anything into a map."""
        wanted: dict[str, Any] = {
            field: self.fit_text(field, texts[name]) for name, field in self.shared_texts.items()
        }
        for key, field in self.shared_values.items():
            with suppress(KeyError, ValidationError, TypeError, ValueError, OverflowError):
                wanted[field] = valid(self._field(field), values[key], self)
        followed = wanted.keys() if only is None else wanted.keys() & set(only)
        before = {field: getattr(self, field) for field in followed}
        for field in followed & set(self.shared_texts.values()):
            if before[field] is None:  # to a document, that is an empty text
                wanted[field] = wanted[field] or None
        changed = [field for field in wanted if field in followed and before[field] != wanted[field]]
        for field in changed:
            setattr(self, field, wanted[field])
        values_changed = set(changed) & set(self.shared_values.values())
        texts_changed = set(changed) - values_changed
        if texts_changed and not self._passes_checks():
            self._set(values_changed, before)
            texts_changed = self._set_what_fits(texts_changed, wanted, before)
            self._set(values_changed, wanted)
        if values_changed and not self._may_be_saved():
            self._set(values_changed, before)  # until they fit together
            values_changed = set()
        return [field for field in changed if field in texts_changed | values_changed]

    def _set_what_fits(self, fields: set[str], wanted: Mapping[str, Any], before: Mapping[str, Any]) -> set[str]:
        """Sets those texts that no constraint refuses, and returns their fields. The others stay as they are, until
        they fit: the database would refuse the whole row."""
        self._set(fields, before)
        if not self._passes_checks():  # that is so already, and the database does not mind
            self._set(fields, wanted)
            return fields
        fitting = set()
        for field in sorted(fields):
            self._set({field}, wanted)
            if self._passes_checks():
                fitting.add(field)
            else:
                self._set({field}, before)
        return fitting

    def _set(self, fields: Iterable[str], values: Mapping[str, Any]) -> None:
        for field in fields:
            setattr(self, field, values[field])

    def _passes_checks(self) -> bool:
        try:
            for model, constraints in self.get_constraints():
                for constraint in constraints:
                    if isinstance(constraint, models.CheckConstraint):
                        constraint.validate(model, self)
        except ValidationError:
            return False
        return True

    def _may_be_saved(self) -> bool:
        """Whether the database would take the row: `Field.clean` knows no constraints."""
        adding = self._state.adding
        self._state.adding = False  # its row is there, also if the object was made by hand
        try:
            self.validate_unique()
            self.validate_constraints()
        except ValidationError:
            return False
        finally:
            self._state.adding = adding
        return not any(map(self._is_taken, self.shared_values.values()))

    def _is_taken(self, field: str) -> bool:
        """Whether another row has the value of a unique field. Django asks the default manager, which may hide it."""
        value = getattr(self, field)
        if value is None or not self._field(field).unique:
            return False
        return type(self)._base_manager.exclude(pk=self.pk).filter(**{field: value}).exists()

    @classmethod
    def tidy_text(cls, field: str, text: str) -> str:
        """A text for a field as an editor shows it."""
        return tidy(cls._field(field), text)

    @classmethod
    def fit_text(cls, field: str, text: str) -> str:
        """A text of a document as a field may hold it."""
        return fit(cls._field(field), text)

    def plain_value(self, field: str) -> Any:
        """A field's value as JSON has it: a date is text."""
        return as_json(self._field(field), getattr(self, field))

    def shared_checksum(self) -> int:
        """Of the shared fields, to notice what bypassed the document."""
        return checksum_of((self._field(name), getattr(self, name)) for name in sorted(self.shared_fields()))

    @classmethod
    def _field(cls, name: str) -> Any:
        return cls._meta.get_field(name)

    @classmethod
    def _changing_by_themselves(cls) -> list[str]:
        fields: list[Any] = list(cls._meta.concrete_fields)
        return [field.name for field in fields if getattr(field, "auto_now", False)]


class SharedAttribute(DeferredAttribute):
    """Remembers also what Django fetches for all rows of a query at once, past refresh_from_db: FETCH_PEERS."""

    def fetch_many(self, instances: Iterable[Any]) -> None:
        lacking = [row for row in instances if self.field.attname not in row.__dict__]
        super().fetch_many(instances)
        for row in lacking:
            row.remember([self.field.attname])


@receiver(class_prepared)
def watch_fields(sender: type[models.Model], **kwargs: Any) -> None:
    if issubclass(sender, SharedModel) and sender.has_mappings():  # or else `check` says so
        for name in sender.shared_fields():
            if type(found := vars(sender).get(name)) is DeferredAttribute:
                setattr(sender, name, SharedAttribute(found.field))


def shared_models() -> list[type[SharedModel]]:
    """The shared models of all installed apps."""
    return [model for model in apps.get_models() if issubclass(model, SharedModel)]
