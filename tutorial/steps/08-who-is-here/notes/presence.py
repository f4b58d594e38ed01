"""Who is in a room: the awareness states of its people, and whose each is.

A connection speaks for one client, the first that it announces. Stock clients also send on what they heard of others;
that is ignored, because each process knows its own people better.
"""

import json
from collections.abc import Hashable, Iterable

from .protocol import GONE, AwarenessEntry

NOBODY = "Somebody"


class Presence:
    def __init__(self) -> None:
        self._here: dict[int, tuple[AwarenessEntry, Hashable]] = {}  # and by way of whom: a connection, or a process
        self._client_ids: dict[Hashable, int] = {}  # which client a connection speaks for

    def everyone(self) -> tuple[AwarenessEntry, ...]:
        return tuple(entry for entry, _ in self._here.values())

    def owned_by(self, owners: Iterable[Hashable]) -> tuple[AwarenessEntry, ...]:
        mine = set(owners)
        return tuple(entry for entry, owner in self._here.values() if owner in mine)

    def people(self, owners: Iterable[Hashable]) -> list[dict[str, str]]:
        """Name and colour of everybody who is here by way of these."""
        return [describe(entry) for entry in self.owned_by(owners)]

    def own(self, connection: Hashable, entries: Iterable[AwarenessEntry]) -> list[AwarenessEntry]:
        """What a connection says of its own client, which is the first that it ever spoke of."""
        return [e for e in entries if e.client_id == self._client_ids.setdefault(connection, e.client_id)]

    def update(self, owner: Hashable, entries: Iterable[AwarenessEntry]) -> tuple[AwarenessEntry, ...]:
        """Takes in what `owner` says of any client, and returns what is news to the others."""
        return tuple(entry for entry in entries if self._take(owner, entry))

    def leave(self, owner: Hashable) -> tuple[AwarenessEntry, ...]:
        """Forgets an owner, and returns the news: its clients have left."""
        self._client_ids.pop(owner, None)
        return self.update(owner, [AwarenessEntry(e.client_id, e.clock, GONE) for e in self.owned_by([owner])])

    def _take(self, owner: Hashable, entry: AwarenessEntry) -> bool:
        known, _ = self._here.get(entry.client_id, (None, None))
        if entry.state == GONE:
            if known is None or entry.clock < known.clock:
                return False
            del self._here[entry.client_id]
            return True
        if known and entry.clock <= known.clock:
            return False
        self._here[entry.client_id] = entry, owner
        return True


def describe(entry: AwarenessEntry) -> dict[str, str]:
    """Name and colour of a person."""
    user = json.loads(entry.state).get("user", {})
    return {"name": user.get("name", NOBODY), "color": user.get("color", "")}
