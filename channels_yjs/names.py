"""What rows and people are called, in the log, between processes and in presence. Knows no tables."""

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from .models import SharedModel


class Owner(NamedTuple):
    """The row that a document belongs to, as processes name it: its model ("notes.note") and its key."""

    model: str
    pk: str

    @classmethod
    def of(cls, row: "SharedModel") -> Self:
        return cls(name_of(row.__class__), key_of(row.__class__, row.pk))  # `type` of request.user is no model


class Author(NamedTuple):
    """Who wrote something: a name to show, and the key of their account if they have one, as text."""

    name: str
    user: str = ""

    @classmethod
    def of(cls, by: Any) -> Self:
        """From a name, or a user of Django's; from None, nobody."""
        if isinstance(by, cls):
            return by
        if by is None:
            return cls("")
        return cls(plain(username(by)), str(by.pk)) if hasattr(by, "get_username") else cls(plain(str(by)))


def key_of(model: "type[SharedModel]", key: Any) -> str:
    """The key of a row as text, the same however somebody has written it: a UUID has several spellings."""
    try:
        return str(model._meta.pk.to_python(key))
    except (ValidationError, TypeError, ValueError, OverflowError):  # the database will say so, or choose one
        return str(key)


def username(user: Any) -> str:
    """A model of users may name them by a number, an optional address or another row."""
    name = user.get_username()
    return "" if name is None else str(name)


def plain(text: str) -> str:
    """Anybody's text, without what databases and channel layers refuse: NUL, and half an emoji."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def as_text(value: Any) -> str:
    """What somebody has put into a field of text, as the database takes it: of a member of an Enum, its value. To a
    document, null is an empty text."""
    if value is None:
        return ""
    return str.__str__(value) if isinstance(value, str) else str(value)


def name_of(model: "type[SharedModel]") -> str:
    """A proxy has the name of the model whose rows it shows."""
    return (model._meta.concrete_model or model)._meta.label_lower
