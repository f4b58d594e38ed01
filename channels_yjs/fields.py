"""What a model's field makes of the texts and values of a document, and a document of what is in a field.

Texts have other rules in an editor than in a column, and a map holds what JSON has. Knows fields of Django's, and
neither documents nor rows.
"""

import math
import zlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils import timezone

from .names import plain

# Texts


def tidy(field: Any, text: str) -> str:
    """A text for a field as an editor shows it. Forms, and files from Windows, end lines with CR LF; the editor would
    show the CR as a character. For a one-line field it becomes one line."""
    if has_lines(field):
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return " ".join(text.splitlines())


def fit(field: Any, text: str) -> str:
    """A text of a document as the field may hold it."""
    text = text.replace("\x00", "")  # PostgreSQL stores no NUL in a text
    if has_lines(field):
        return text
    limit: int | None = getattr(field, "max_length", None)
    return " ".join(filter(None, text.splitlines())).strip(" ")[:limit].rstrip(" ")


def has_lines(field: Any) -> bool:
    return isinstance(field, models.TextField)


# Values


def as_json(field: Any, value: Any) -> Any:
    """A field's value as JSON has it: a date is text."""
    if not isinstance(value, float):  # 1.1 would get digits that nobody has written
        with suppress(ValidationError, TypeError, ValueError):  # a date field takes a time, and pages do not
            value = field.to_python(value)
    if isinstance(value, datetime):  # browsers show it in their own zone, so it says of which zone it is
        zone = timezone.get_default_timezone()
        return (value if timezone.is_aware(value) else timezone.make_aware(value, zone)).isoformat()
    is_plain = value is None or isinstance(value, bool | int | float | str)
    return value if is_plain else field.value_to_string(SimpleNamespace(**{field.attname: value}))


def valid(field: Any, value: Any, row: models.Model) -> Any:
    """The field's value for one of a map. Raises one of several errors if the field cannot have it."""
    entered = as_entered(value)
    if entered in ("", None):  # pages need not know which of the two a field takes
        entered = "" if field.empty_strings_allowed and not field.null else None
    valid = in_own_zone(field.clean(entered, row))
    if valid is None and not field.null:
        raise ValueError(f"{field.name} needs a value.")
    if isinstance(valid, float) and not math.isfinite(valid):
        raise ValueError(f"{field.name} needs a number.")
    as_compared(valid)
    field.get_db_prep_save(valid, connection)
    return valid


def as_entered(value: Any) -> Any:
    """A value of a map as a form would send it: 1.1 is "1.1", as a decimal field has no use for what a float adds."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else repr(value)
    return plain(value) if isinstance(value, str) else value


def in_own_zone(value: Any) -> Any:
    """A time as the database gives it back. A page names no time zone: it means the project's."""
    if not isinstance(value, datetime) or timezone.is_aware(value) == settings.USE_TZ:
        return value
    zone = timezone.get_default_timezone()
    return timezone.make_aware(value, zone) if settings.USE_TZ else timezone.make_naive(value, zone)


def as_compared(value: Any) -> Any:
    """A field's value, the same whether it was just set or comes from the database: 1.1 or 1.10, of any time zone."""
    if isinstance(value, Decimal):
        return value.normalize()
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def checksum_of(values: Iterable[tuple[Any, Any]]) -> int:
    """Of fields with their values."""
    checksum = 0
    for field, value in values:
        with suppress(ValidationError, ArithmeticError):
            value = as_compared(field.to_python(value))
            if isinstance(value, Decimal) and isinstance(field, models.DecimalField):
                value = as_compared(round(value, field.decimal_places))  # as the database does
        checksum = zlib.crc32(f"{value}\0".encode(errors="replace"), checksum)
    return checksum
