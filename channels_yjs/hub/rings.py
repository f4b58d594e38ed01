"""The messages of the processes to each other over the channel layer. They carry nothing of a document's text.

Names and cursors are the exception: they are stored nowhere, so their ring carries them.

Invariant: what `decode` returns has the fields of its class. It raises UnknownRing and nothing else.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from channels_yjs.names import Owner
from channels_yjs.rooms.person import Person
from channels_yjs.wire.messages import AwarenessEntry


class UnknownRing(Exception):
    """The message comes from another version of this package, or from another program on the same channel layer."""


@dataclass(frozen=True, slots=True)
class _Ring:
    @property
    def topic(self) -> Hashable:
        """The subject. A newer ring replaces an older one with the same topic."""
        return self


@dataclass(frozen=True, slots=True)
class Alive(_Ring):
    """ "I am here." Each process sends it to all, every few seconds."""


@dataclass(frozen=True, slots=True)
class Saved(_Ring):
    """ "Look in the log." """

    document: int


@dataclass(frozen=True, slots=True)
class Deleted(_Ring):
    document: int


@dataclass(frozen=True, slots=True)
class Changed(_Ring):
    """For lists: this row has something new to show."""

    owner: Owner


@dataclass(frozen=True, slots=True)
class People(_Ring):
    """For lists: the people in a document who are connected to the sending process."""

    owner: Owner
    people: tuple[Person, ...]

    @property
    def topic(self) -> Hashable:
        return (People, self.owner)


@dataclass(frozen=True, slots=True)
class Presence(_Ring):
    """The state of one client of the sending process."""

    document: int
    entry: AwarenessEntry

    @property
    def topic(self) -> Hashable:
        return (Presence, self.document, self.entry.client_id)


@dataclass(frozen=True, slots=True)
class Who(_Ring):
    """ "Who is with you?" Answered with Presence, once for each client."""

    document: int


@dataclass(frozen=True, slots=True)
class Recheck(_Ring):
    """The rights in a document may have changed."""

    owner: Owner


ANY_ACCOUNT = ""


@dataclass(frozen=True, slots=True)
class AccountChanged(_Ring):
    """Something about an account has changed: perhaps its password, or whether it may log in. ANY_ACCOUNT is for so
    many that they are not named."""

    user: str


@dataclass(frozen=True, slots=True)
class SessionEnded(_Ring):
    """Somebody has logged out. `session` is the fingerprint of the session's key, which is a secret."""

    session: str


Ring = Alive | Saved | Deleted | Changed | People | Presence | Who | Recheck | AccountChanged | SessionEnded


def encode(ring: Ring) -> dict[str, Any]:
    """A message for the channel layer."""
    match ring:
        case Alive():
            return {"type": "alive"}
        case Saved(document):
            return {"type": "ring", "document": document}
        case Deleted(document):
            return {"type": "deleted", "document": document}
        case Changed(owner):
            return {"type": "changed", "owner": list(owner)}
        case People(owner, people):
            return {"type": "people", "owner": list(owner), "people": list(people)}
        case Presence(document, entry):
            fields = [entry.client_id, entry.clock, entry.state]
            return {"type": "presence", "document": document, "entry": fields}
        case Who(document):
            return {"type": "who", "document": document}
        case Recheck(owner):
            return {"type": "recheck", "owner": list(owner)}
        case AccountChanged(user):
            return {"type": "account", "user": user}
        case SessionEnded(session):
            return {"type": "session", "session": session}


def decode(message: Mapping[str, Any]) -> Ring:
    match message:
        case {"type": "alive"}:
            return Alive()
        case {"type": "ring", "document": int(document)}:
            return Saved(document)
        case {"type": "deleted", "document": int(document)}:
            return Deleted(document)
        case {"type": "changed", "owner": [str(model), str(pk)]}:
            return Changed(Owner(model, pk))
        case {"type": "people", "owner": [str(model), str(pk)], "people": [*people]}:
            return People(Owner(model, pk), tuple(people))
        case {"type": "presence", "document": int(document), "entry": [int(client_id), int(clock), str(state)]}:
            return Presence(document, AwarenessEntry(client_id, clock, state))
        case {"type": "who", "document": int(document)}:
            return Who(document)
        case {"type": "recheck", "owner": [str(model), str(pk)]}:
            return Recheck(Owner(model, pk))
        case {"type": "account", "user": str(user)}:
            return AccountChanged(user)
        case {"type": "session", "session": str(session)}:
            return SessionEnded(session)
        case _:
            raise UnknownRing(f"No ring has the type {message.get('type')!r} and these fields: {list(message)}.")
