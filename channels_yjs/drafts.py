"""What the block of an `edit()` works with: texts and values that nobody else sees yet, and what was done to them."""

from collections.abc import Iterator, MutableMapping
from typing import Any, Self

from .differences import Splice, differences, moved
from .log.first import check_text, check_value
from .models import SharedModel


class SharedText:
    """A shared text in a draft. It changes as pycrdt's and Yjs's do, but positions count characters."""

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, text: str, field: str, owner: SharedModel) -> None:
        self._text, self._field, self._owner = text, field, owner
        self.splices: list[Splice] = []

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"SharedText({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return self._text == (other._text if isinstance(other, SharedText) else other)

    def __len__(self) -> int:
        return len(self._text)

    def __contains__(self, part: str) -> bool:
        return part in self._text

    def __getitem__(self, where: int | slice) -> str:
        return self._text[where]

    def __setitem__(self, where: int | slice, text: str) -> None:
        """Replaces a character, or a slice without a step."""
        if isinstance(where, int):
            at = range(len(self))[where]  # raises IndexError
            where = slice(at, at + 1)
        start, end, step = where.indices(len(self))
        if step != 1:
            raise ValueError("A shared text has no slices with a step.")
        self._splice(start, max(start, end), text)

    def __delitem__(self, where: int | slice) -> None:
        self[where] = ""

    def __iadd__(self, text: str) -> Self:
        self._splice(len(self), len(self), text)
        return self

    def insert(self, at: int, text: str) -> None:
        self[at:at] = text

    def clear(self) -> None:
        del self[:]

    def change(self, before: str | None, after: str) -> None:
        """Applies the difference between two texts to what this one is now. Without `before`, it becomes `after`."""
        after = self._tidy(after)
        before = self._text if before is None else self._tidy(before)
        mine = differences(before, after)
        kept = len(before) - sum(end - start for start, end, _ in mine)
        cut = before != self._text
        if cut and before == self._owner.fit_text(self._field, self._text) and kept < len(before) / 2:
            before, mine = self._text, differences(self._text, after)  # another text: what did not fit goes as well
        for splice in moved(mine, differences(before, self._text, is_to_be_made=False)):
            self._splice(*splice)

    def _tidy(self, text: str) -> str:
        return self._owner.tidy_text(self._field, text)

    def _splice(self, start: int, end: int, text: str) -> None:
        text = self._tidy(text)
        check_text(text)
        if text or end > start:
            self._text = self._text[:start] + text + self._text[end:]
            self.splices.append(Splice(start, end, text))


class Values(MutableMapping[str, Any]):
    """The values in a draft, by their keys in `shared_values`."""

    def __init__(self, found: dict[str, Any], keys: tuple[str, ...]) -> None:
        self._found, self._keys = found, keys
        self.changed: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return {**self._found, **self.changed}[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self._keys:
            raise KeyError(f"shared_values has no key {key!r}.")
        if not isinstance(value, bool | int | float | str | None):
            raise TypeError(f"A shared value is a text, a number, true, false or none, not {value!r}.")
        check_value(value)
        self.changed[key] = value

    def __delitem__(self, key: str) -> None:
        self[key] = None

    def __iter__(self) -> Iterator[str]:
        return iter({**self._found, **self.changed})

    def __len__(self) -> int:
        return len({**self._found, **self.changed})
