"""The update that a document begins with."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pycrdt import Doc, Map, Text

CLIENT_BYTES = 4  # client numbers of Yjs are below 2 ** 53; smaller ones take less room in every item


VALUES = "values"  # the name of a document's map
INTEGERS = range(-(2**63), 2**63)


def first_update(texts: Mapping[str, str], values: Mapping[str, Any] | None = None) -> bytes:
    """An update with these texts, by name, and values, by key. The same ones always give the same update: if a
    database is recreated with the text that it had, browsers that know only the number have the text once, not
    twice. Raises ValueError for what a document cannot hold."""
    for value in (*texts.values(), *(values or {}).values()):
        check_value(value)
    content: list[Mapping[str, Any]] = [texts, values] if values else [texts]
    digest = hashlib.sha256(json.dumps(content if values else texts).encode()).digest()
    doc = Doc[Any](client_id=int.from_bytes(digest[:CLIENT_BYTES]) or 1)
    with doc.transaction():
        for name, text in texts.items():
            doc[name] = Text(text)
        if values:
            doc[VALUES] = Map(dict(values))
    return doc.get_update()


def check_text(text: str) -> None:
    """Raises ValueError for what no document can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("A text must not have half a surrogate pair in it.") from None


def check_value(value: Any) -> None:
    """The same: the CRDT library would panic, and its panics are no Exceptions."""
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, int) and value not in INTEGERS:
        raise ValueError("A shared integer must fit into 64 bits.")
