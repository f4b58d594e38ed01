"""The update that a document begins with."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pycrdt import Doc, Text

CLIENT_BYTES = 4  # client numbers of Yjs are below 2 ** 53; smaller ones take less room in every item


def first_update(texts: Mapping[str, str]) -> bytes:
    """An update with these texts, by name. The same texts always give the same update: if a database is recreated
    with the text that it had, browsers that know only the number have the text once, not twice."""
    digest = hashlib.sha256(json.dumps(texts).encode()).digest()
    client = int.from_bytes(digest[:CLIENT_BYTES]) or 1
    doc = Doc[Any]({name: Text(text) for name, text in texts.items()}, client_id=client)
    return doc.get_update()
