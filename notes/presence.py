"""Who is in a room: the awareness states of its people, and which of them may be believed.

A connection speaks for one client, the first that it announces. Stock clients also send on what they heard
of others; that is ignored, because each process knows its own people better. People on other processes are
believed as long as their process is heard of. Knows no sockets, only whose each state is.

A connection may announce a client that another one here speaks for: the same browser, back before its dead line
was noticed, or somebody who takes another's name away. Nothing in the message tells the two apart, but the old
line does: the room asks something of it, and only if it stays silent may the new one speak.

Invariant: a state that is newer than its client's last one is told to everyone once; nothing else is.
"""

import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from .protocol import GONE, AwarenessEntry

NAME_MAX_LENGTH = 40
NOBODY = "Somebody"
MAX_FAREWELLS = 1000  # who left longest ago is forgotten first


@dataclass(slots=True)
class _Client:
    entry: AwarenessEntry
    owner: Hashable  # a connection of this process, or the name of another process
    person: dict[str, str]  # name and colour, as the list of notes shows them


@dataclass(slots=True)
class _Claim:
    """What a connection says of a client that another one speaks for."""

    owner: Hashable
    entry: AwarenessEntry
    is_disproved: bool = False


class Presence:
    def __init__(self) -> None:
        self._here: dict[int, _Client] = {}
        self._gone: dict[int, AwarenessEntry] = {}  # who left, with their last clock
        self._client_ids: dict[Hashable, int] = {}  # which client a connection speaks for
        self._claims: dict[int, _Claim] = {}  # the last one for each client that is spoken for

    def everyone(self) -> tuple[AwarenessEntry, ...]:
        return tuple(client.entry for client in self._here.values())

    def owned_by(self, owners: Iterable[Hashable]) -> tuple[AwarenessEntry, ...]:
        mine = set(owners)
        return tuple(client.entry for client in self._here.values() if client.owner in mine)

    def people(self, owners: Iterable[Hashable]) -> list[dict[str, str]]:
        """Name and colour of everybody who is here by way of these."""
        mine = set(owners)
        return [client.person for client in self._here.values() if client.owner in mine]

    def own(self, connection: Hashable, entries: Iterable[AwarenessEntry]) -> list[AwarenessEntry]:
        """What a connection says of its own client, which is the first that it ever spoke of."""
        return [e for e in entries if e.client_id == self._client_ids.setdefault(connection, e.client_id)]

    def update(self, owner: Hashable, entries: Iterable[AwarenessEntry]) -> tuple[AwarenessEntry, ...]:
        """Takes in what `owner` says of any client, and returns what is news to the others."""
        return tuple(entry for entry in entries if self._take(owner, entry))

    def farewell(self, client_id: int) -> AwarenessEntry | None:
        """The last word on a client that left. Told to that client when it comes back with an old clock, it
        makes it move its clock on; until then others would not believe that it is here again."""
        return self._gone.get(client_id)

    def leave(self, owner: Hashable) -> tuple[AwarenessEntry, ...]:
        """Forgets an owner, and returns the news: its clients have left, or somebody else speaks for them now."""
        self._client_ids.pop(owner, None)
        self._claims = {client_id: claim for client_id, claim in self._claims.items() if claim.owner != owner}
        left = [client.entry for client in self._here.values() if client.owner == owner]
        claimed = [entry.client_id for entry in left if entry.client_id in self._claims]
        gone = [
            AwarenessEntry(entry.client_id, entry.clock, GONE) for entry in left if entry.client_id not in claimed
        ]
        return (*self.update(owner, gone), *(entry for client_id in claimed for entry in self._hand_over(client_id)))

    # A client that two connections speak for

    def rival(self, connection: Hashable) -> Hashable | None:
        """The connection that speaks for the client which this one claims."""
        claim = self._claims.get(self._client_ids.get(connection, -1))
        return self._here[claim.entry.client_id].owner if claim and claim.owner == connection else None

    def alive(self, connection: Hashable) -> None:
        """It has said something, so nobody else speaks for its client."""
        if self._claims and (claim := self._claims.get(self._client_ids.get(connection, -1))):
            claim.is_disproved = claim.is_disproved or claim.owner != connection

    def decide(self, connection: Hashable) -> tuple[AwarenessEntry, ...]:
        """The rival has had its time: unless it has said anything, this connection takes its place."""
        client_id = self._client_ids.get(connection, -1)
        claim = self._claims.get(client_id)
        if claim is None or claim.owner != connection:
            return ()
        if claim.is_disproved:
            claim.is_disproved = False  # it may try again, or wait until the rival leaves
            return ()
        return self._hand_over(client_id)

    def _hand_over(self, client_id: int) -> tuple[AwarenessEntry, ...]:
        claim = self._claims.pop(client_id)
        self._here[client_id].owner = claim.owner
        return self.update(claim.owner, [claim.entry])

    def _take(self, owner: Hashable, entry: AwarenessEntry) -> bool:
        known = self._here.get(entry.client_id)
        if known and known.owner != owner and {known.owner, owner} <= self._client_ids.keys():
            self._claim(owner, entry)
            return False
        if entry.state == GONE:
            if known is None or entry.clock < known.entry.clock:
                return False
            del self._here[entry.client_id]
            self._gone[entry.client_id] = entry
            self._claims.pop(entry.client_id, None)
            if len(self._gone) > MAX_FAREWELLS:
                del self._gone[next(iter(self._gone))]
            return True
        last = known.entry if known else self._gone.get(entry.client_id)
        if last is None or entry.clock > last.clock:
            self._here[entry.client_id] = _Client(entry, owner, describe(entry))
            self._gone.pop(entry.client_id, None)
            return True
        if known:  # nothing new, but this is who speaks for it now: a connection that replaced a dead one
            known.owner = owner
        return False

    def _claim(self, owner: Hashable, entry: AwarenessEntry) -> None:
        claim = self._claims.get(entry.client_id)
        is_renewed = claim is not None and claim.owner == owner
        if entry.state == GONE:
            if is_renewed:
                del self._claims[entry.client_id]
        elif claim and is_renewed:
            claim.entry = entry
        else:
            self._claims[entry.client_id] = _Claim(owner, entry)


def describe(entry: AwarenessEntry) -> dict[str, str]:
    """Name and colour of a person, from a state that may hold anything."""
    user = json.loads(entry.state).get("user")
    user = user if isinstance(user, dict) else {}
    name, color = user.get("name"), user.get("color")
    return {
        "name": name.strip()[:NAME_MAX_LENGTH] if isinstance(name, str) and name.strip() else NOBODY,
        "color": color if isinstance(color, str) else "",
    }
