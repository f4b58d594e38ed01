"""The update that a document begins with."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pycrdt import Doc, Map, Text

CLIENT_BYTES = 4  # client numbers of Yjs are below 2 ** 53; smaller ones take less room in every item


VALUES = "values"  # the name of a document's map


def first_update(texts: Mapping[str, str], values: Mapping[str, Any] | None = None) -> bytes:
    """An update with these texts, by name, and values, by key. The same ones always give the same update: if a
    database is recreated with the text that it had, browsers that know only the number have the text once, not
    twice."""
    content: list[Mapping[str, Any]] = [texts, values] if values else [texts]
    digest = hashlib.sha256(json.dumps(content if values else texts).encode()).digest()
    doc = Doc[Any](client_id=int.from_bytes(digest[:CLIENT_BYTES]) or 1)
    with doc.transaction():
        for name, text in texts.items():
            doc[name] = Text(text)
        if values:
            doc[VALUES] = Map(dict(values))
    return doc.get_update()
