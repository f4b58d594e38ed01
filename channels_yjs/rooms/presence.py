"""The people in a room: their awareness states, and which of those may be believed.

A connection speaks for one client, the first one about which it says something new. Stock clients also pass on the
states of others; those are ignored, because each process knows its own people better. People on other processes are
believed as long as their process sends heartbeats. Knows no sockets, only whose each state is.

What a connection says before it has been told anything is about itself, whatever its clock: it cannot repeat what it
has not heard. So whoever comes back from another process is believed, though others have seen newer clocks.

A connection may announce a client that another one here speaks for: the same browser, back before its dead connection
was noticed, or an impostor. Nothing in the message tells the two apart, but the old connection does: the room asks it
something, and only if it stays silent may the new one speak.

A connected client is here, however long it says nothing: browsers let a hidden tab's timers run once a minute, and
other clients forget anybody whose clock has not moved for 30 s. So the room sends the state of a silent client again,
with a newer clock of its own. If the client then sends a clock that others have already seen, but that is newer than
any it sent before, its state is new all the same, since a connection delivers in order: others receive it with the
next clock.

Invariant: a state that is newer than its client's last one is sent to everyone once, and only a client's last state
is ever sent again. The clocks that others receive of a client never go back.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

from channels_yjs.wire.lib0 import MAX_SAFE_INTEGER, ProtocolError
from channels_yjs.wire.messages import LEFT, AwarenessEntry

from .person import Person, describe

NOTHING_SAID = -1  # older than any clock
NO_CLIENT = -1  # is no client's number
# A clock counts the changes of a state. One that jumps further would leave its client no clocks, if it is another's.
LONGEST_JUMP = 2**32
STALE_ROUNDS = 5  # of renewals: a client of another process, which renews its own, has left if none reached this one
MAX_FAREWELLS = 1000  # the oldest are forgotten first


@dataclass(slots=True)
class _Client:
    entry: AwarenessEntry  # the one that everyone has been sent
    owner: Hashable  # a connection of this process, or the name of another process
    person: Person
    said: int  # the newest clock that the owner has sent; the one in `entry` may be newer
    is_quiet: bool = False  # nothing new has come from the owner since the last round of renewals
    rounds: int = 0  # of renewals since something new has come


@dataclass(slots=True)
class _Claim:
    """A connection's announcement of a client that another one speaks for."""

    owner: Hashable
    entry: AwarenessEntry
    is_disproved: bool = False


class Presence:
    def __init__(self) -> None:
        self._here: dict[int, _Client] = {}
        self._gone: dict[int, AwarenessEntry] = {}  # clients that left, with their last clocks
        self._client_ids: dict[Hashable, int] = {}  # the client that a connection speaks for
        self._claims: dict[int, _Claim] = {}  # by client: the last claim to one that another connection speaks for

    def everyone(self) -> tuple[AwarenessEntry, ...]:
        return tuple(client.entry for client in self._here.values())

    def others(self, connection: Hashable) -> tuple[AwarenessEntry, ...]:
        """Everyone but the client that a connection speaks for."""
        mine = self._client_ids.get(connection)
        return tuple(client.entry for client in self._here.values() if client.entry.client_id != mine)

    def owned_by(self, owners: Iterable[Hashable]) -> tuple[AwarenessEntry, ...]:
        mine = set(owners)
        return tuple(client.entry for client in self._here.values() if client.owner in mine)

    def people(self, owners: Iterable[Hashable]) -> list[Person]:
        """Name and colour of everybody who is connected through these owners."""
        mine = set(owners)
        return [client.person for client in self._here.values() if client.owner in mine]

    def name_of(self, owner: Hashable) -> str:
        """The name that a connection goes by, or "" if it has none."""
        client = self._here.get(self._client_ids.get(owner, NO_CLIENT))
        return client.person["name"] if client else ""

    def own(
        self, connection: Hashable, entries: Iterable[AwarenessEntry], *, is_untold: bool = False
    ) -> list[AwarenessEntry]:
        """The entries about a connection's own client: the first one about which it ever said something new. A client
        without a state of its own says nothing new, and must not come to speak for one whose state it repeats.
        `is_untold` says that it has not heard of anybody yet."""
        entries = list(entries)
        if connection not in self._client_ids:
            news = [e for e in entries if self._is_announcement(e)]
            if not news and is_untold and len(entries) == 1 and entries[0].state != LEFT:
                news = entries
                self._come_back(connection, entries[0])
            if news:
                self._client_ids[connection] = news[0].client_id
        own = [e for e in entries if e.client_id == self._client_ids.get(connection)]
        if any(e.clock - (last.clock if (last := self._last(e.client_id)) else 0) > LONGEST_JUMP for e in own):
            raise ProtocolError("The clock of an awareness state is far ahead of all that were seen.")
        return own

    def update(self, owner: Hashable, entries: Iterable[AwarenessEntry]) -> tuple[AwarenessEntry, ...]:
        """Takes in entries about any client from `owner`, and returns the news for the others, with their clocks."""
        return tuple(news for entry in entries if (news := self._take(owner, entry)))

    def renew(self, owners: Iterable[Hashable]) -> tuple[AwarenessEntry, ...]:
        """The states, with newer clocks, of the owners' clients that have said nothing since the last call."""
        mine = set(owners)
        clients = [client for client in self._here.values() if client.owner in mine]
        quiet = [client for client in clients if client.is_quiet and client.entry.clock < MAX_SAFE_INTEGER]
        for client in clients:
            client.is_quiet = True
        for client in quiet:
            client.entry = replace(client.entry, clock=client.entry.clock + 1)
        return tuple(client.entry for client in quiet)

    def forget_stale(self, owners: Iterable[Hashable]) -> tuple[AwarenessEntry, ...]:
        """Called with each round of renewals. Clients of others have left if nothing has come from them for so long:
        the ring which said so must have been lost. Returns that they have left."""
        mine = set(owners)
        others = [client for client in self._here.values() if client.owner not in mine]
        for client in others:
            client.rounds += 1
        stale = [client for client in others if client.rounds > STALE_ROUNDS]
        return tuple(
            news for client in stale for news in self.update(client.owner, [replace(client.entry, state=LEFT)])
        )

    def sign(self, owner: Hashable, sign: Callable[[str], str]) -> tuple[AwarenessEntry, ...]:
        """Has `sign` change the states of an owner's clients. Returns those that it changed, with newer clocks."""
        news = []
        for client in self._here.values():
            if client.owner == owner and (state := sign(client.entry.state)) != client.entry.state:
                clock = min(client.entry.clock + 1, MAX_SAFE_INTEGER)
                client.entry = replace(client.entry, clock=clock, state=state)
                client.person = describe(client.entry)
                news.append(client.entry)
        for claim in self._claims.values():
            if claim.owner == owner:
                claim.entry = replace(claim.entry, state=sign(claim.entry.state))
        return tuple(news)

    def lagging(self, client_id: int) -> Hashable | None:
        """The owner of a client, if others have seen a newer clock than it has sent."""
        client = self._here.get(client_id)
        return client.owner if client and client.said < client.entry.clock else None

    def farewell(self, client_id: int) -> AwarenessEntry | None:
        """The last entry of a client that left. If the client comes back with an old clock, this entry makes it move
        its clock on; until then others would not believe that it is here again."""
        return self._gone.get(client_id)

    def leave(self, owner: Hashable) -> tuple[AwarenessEntry, ...]:
        """Forgets an owner, and returns the news: its clients have left, or somebody else speaks for them now."""
        self._client_ids.pop(owner, None)
        self._claims = {client_id: claim for client_id, claim in self._claims.items() if claim.owner != owner}
        left = [client.entry for client in self._here.values() if client.owner == owner]
        claimed = [entry.client_id for entry in left if entry.client_id in self._claims]
        gone = [
            AwarenessEntry(entry.client_id, entry.clock, LEFT) for entry in left if entry.client_id not in claimed
        ]
        return (*self.update(owner, gone), *(entry for client_id in claimed for entry in self._hand_over(client_id)))

    # A client that two connections speak for

    def rival(self, connection: Hashable) -> Hashable | None:
        """The connection that speaks for the client which this one claims."""
        claim = self._claims.get(self._client_ids.get(connection, NO_CLIENT))
        return self._here[claim.entry.client_id].owner if claim and claim.owner == connection else None

    def alive(self, connection: Hashable) -> None:
        """The connection has said something, so nobody else may take over its client."""
        if self._claims and (claim := self._claims.get(self._client_ids.get(connection, NO_CLIENT))):
            claim.is_disproved = claim.is_disproved or claim.owner != connection

    def decide(self, connection: Hashable) -> tuple[AwarenessEntry, ...]:
        """The rival's time is up: unless it has said anything, this connection takes its place."""
        client_id = self._client_ids.get(connection, NO_CLIENT)
        claim = self._claims.get(client_id)
        if claim is None or claim.owner != connection:
            return ()
        if claim.is_disproved:
            claim.is_disproved = False  # it may try again, or wait until the rival leaves
            return ()
        return self._hand_over(client_id)

    def _hand_over(self, client_id: int) -> tuple[AwarenessEntry, ...]:
        claim = self._claims.pop(client_id)
        client = self._here[client_id]
        client.owner, client.said = claim.owner, NOTHING_SAID
        return self.update(claim.owner, [claim.entry])

    # One entry

    def _last(self, client_id: int) -> AwarenessEntry | None:
        """The newest entry that anybody has seen of a client, here or gone."""
        known = self._here.get(client_id)
        return known.entry if known else self._gone.get(client_id)

    def _come_back(self, connection: Hashable, entry: AwarenessEntry) -> None:
        """Takes a client over from another process, which will soon find out that it has left."""
        known = self._here.get(entry.client_id)
        if known and known.owner not in self._client_ids:
            known.owner, known.said = connection, NOTHING_SAID

    def _is_announcement(self, entry: AwarenessEntry) -> bool:
        known = self._here.get(entry.client_id)
        return entry.state != LEFT and (known is None or entry.clock > known.entry.clock)

    def _take(self, owner: Hashable, entry: AwarenessEntry) -> AwarenessEntry | None:
        known = self._here.get(entry.client_id)
        if known and known.owner != owner and {known.owner, owner} <= self._client_ids.keys():
            self._claim(owner, entry)
            return None
        if entry.state == LEFT:
            return self._take_leave(known, owner, entry) if known else None
        last = self._last(entry.client_id)
        if last is None or entry.clock > last.clock:
            self._here[entry.client_id] = _Client(entry, owner, describe(entry), said=entry.clock)
            self._gone.pop(entry.client_id, None)
            return entry
        return self._take_overtaken(known, entry) if known and known.owner == owner else None

    def _take_leave(self, known: _Client, owner: Hashable, entry: AwarenessEntry) -> AwarenessEntry | None:
        if entry.clock < (known.said if known.owner == owner else known.entry.clock):
            return None
        gone = replace(entry, clock=max(entry.clock, known.entry.clock))
        del self._here[entry.client_id]
        self._gone[entry.client_id] = gone
        self._claims.pop(entry.client_id, None)
        if len(self._gone) > MAX_FAREWELLS:
            del self._gone[next(iter(self._gone))]
        return gone

    def _take_overtaken(self, known: _Client, entry: AwarenessEntry) -> AwarenessEntry | None:
        """A client sends a clock that others have already seen."""
        if entry.clock <= known.said:
            return None
        known.said, known.is_quiet, known.rounds = entry.clock, False, 0
        if entry.state == known.entry.state or known.entry.clock == MAX_SAFE_INTEGER:
            return None
        known.entry = replace(entry, clock=known.entry.clock + 1)
        known.person = describe(entry)
        return known.entry

    def _claim(self, owner: Hashable, entry: AwarenessEntry) -> None:
        claim = self._claims.get(entry.client_id)
        is_renewed = claim is not None and claim.owner == owner
        if entry.state == LEFT:
            if is_renewed:
                del self._claims[entry.client_id]
        elif claim and is_renewed:
            claim.entry = entry
        else:
            self._claims[entry.client_id] = _Claim(owner, entry)
