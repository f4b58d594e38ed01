"""Everything that the CRDT library, pycrdt, does with updates. Knows no database.

Updates to be sent are merged from stored ones, never taken from a `Doc`: a `Doc` hands out a wrong text after an
insertion that cut a surrogate pair in two, and leaves out updates that still wait for another one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pycrdt import Doc, Map, Text, get_update, merge_updates

from channels_yjs.wire.lib0 import ProtocolError
from channels_yjs.wire.updates import has_surrogate_pairs, write_state_vector

from .first import VALUES

EMPTY_STATE_VECTOR = b"\x00"
MERGE_CHUNK = 32  # merged flat, 10 000 updates take 1.1 s; in chunks of this size, 0.03 s


class UnreadableError(Exception):
    """The library cannot read an update."""


@contextmanager
def guarded() -> Iterator[None]:
    """Turns the library's errors into UnreadableError. A panic of Rust is no Exception, and its class cannot be
    imported."""
    try:
        yield
    except (ProtocolError, RuntimeError, ValueError) as error:
        raise UnreadableError from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableError from error


def merge(updates: list[bytes]) -> bytes:
    """One update with the contents of all of them."""
    while len(updates) > 1:
        updates = [
            merge_updates(*updates[start : start + MERGE_CHUNK]) for start in range(0, len(updates), MERGE_CHUNK)
        ]
    return updates[0]


def check_acceptable(update: bytes) -> None:
    """Raises ProtocolError if the library refuses the update. An update that merges also applies."""
    try:
        merge_updates(update)
    except ValueError:
        raise ProtocolError("The update cannot be read.") from None


def check_applies(update: bytes, document: bytes, waiting: Iterable[bytes]) -> None:
    """Raises ProtocolError if the library fails to apply the update to the document. Costs as much as opening the
    document, so it is for updates that nobody's typing makes: of several clients, or with more in them than texts and
    a few values."""
    try:
        with guarded():
            doc = Doc[Any]()
            for known in (document, *waiting, update):
                doc.apply_update(known)
            get_update(merge([document, *waiting, update]), EMPTY_STATE_VECTOR)
    except UnreadableError:
        raise ProtocolError("The update cannot be applied.") from None


def new_in(update: bytes, known: Mapping[int, int]) -> bytes:
    """The update minus what is already known. If a client reuses a clock for another character, the first version
    wins; otherwise each replica would keep whichever arrived first, and they would never converge."""
    return get_update(update, write_state_vector(known))


def squash(merged: bytes, names: Collection[str]) -> bytes:
    """The same document without its deleted texts and its values of before, some six times smaller.

    Returns `merged` unchanged where the library cannot be trusted with it: there are surrogate pairs, and if one of
    them was cut in two, browsers would read the halves at other places; an update still waits for another one; there
    are other shared types than texts of these names and simple values; or these come out different.
    """
    try:
        with guarded():
            return merged if has_surrogate_pairs(merged) else _state_of(merged, names)
    except UnreadableError:
        return merged


def _state_of(merged: bytes, names: Collection[str]) -> bytes:
    doc, said = _load(merged, names)
    is_pending = get_update(merged, doc.get_state())[0] != 0
    if is_pending or said is None or not set(doc.keys()) <= {*names, VALUES}:
        return merged
    state = doc.get_update()
    return state if _load(state, names)[1] == said else merged


def _load(update: bytes, names: Collection[str]) -> tuple[Doc[Any], Any]:
    """The document, and what its texts and values say; None if a value is itself a shared type."""
    doc = Doc[Any]()
    texts = [doc.get(name, type=Text) for name in names]
    values = None if VALUES in names else doc.get(VALUES, type=Map)
    doc.apply_update(update)
    found = {} if values is None else {key: values[key] for key in values}
    if not all(isinstance(value, bool | int | float | str | bytes | list | dict | None) for value in found.values()):
        return doc, None
    return doc, ([str(text) for text in texts], {key: repr(value) for key, value in found.items()})  # NaN is not NaN
