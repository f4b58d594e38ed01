"""Everything that the rooms of one server process share: writer, doorbell, lobby, and the knowledge of other
processes.

Every process is alike and none owns a document. They find each other by a heartbeat over the channel layer: each
sends its people to a new process, and when one falls silent, its people are gone.

Invariant: an unforeseen error ends this object, not the documents. It closes every connection with "try again", and
the next connection finds a new one, which starts from the database.
"""

import asyncio
import gc
import logging
import random
from collections.abc import Callable, Coroutine, Hashable
from contextlib import AbstractAsyncContextManager, suppress
from contextvars import Context
from functools import cache
from typing import Any, ParamSpec, Protocol, Self, TypeVar
from weakref import WeakKeyDictionary

from django import db

from channels_yjs.conf import setting
from channels_yjs.log import store
from channels_yjs.log.store import AnotherDocumentError
from channels_yjs.log.writer import DatabaseThread, Writer
from channels_yjs.models import Document, SharedModel
from channels_yjs.names import Owner
from channels_yjs.rooms.jobs import Turns
from channels_yjs.rooms.person import Person
from channels_yjs.rooms.room import QUESTIONS_AT_A_TIME, Room
from channels_yjs.wire.messages import AwarenessEntry, CloseCode

from . import rings
from .doorbell import EVERYONE, Doorbell, group_of
from .limits import Admission
from .lobby import Lobby
from .neighbours import HEARTBEAT_SECONDS, Neighbours
from .rings import Ring

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

FLUSH_SECONDS, LEAVE_SECONDS = 1.5, 0.5  # what a server that is told to stop gives itself
# Clients forget anybody who is silent for 30 s; two rounds and the way to the browser must fit into that.
RENEW_PRESENCE_SECONDS = 10.0
RECHECK_SOONEST, RECHECK_STEP = 0.5, 1 / 60  # as parts of RECHECK_SECONDS
RECHECK_AFTER_OUTAGE = 0.05, 0.15  # as well: not before the layer, which pauses for a second, hears again
WAITING_WORK_SHARE = 0.02  # of the time, as a commit may have to wait for it
RENEW_EVERY_CHECKS = 20  # joins the groups again, since a layer may forget them; channels_redis does after a day


class Guest(Protocol):
    """The part of a connection that its process knows, whatever it is for. No method waits or raises."""

    def __hash__(self) -> int: ...
    def shut(self, code: int, reason: str) -> None: ...
    def concerns(self, owner: Owner) -> bool: ...
    def is_of_account(self, user: str) -> bool: ...
    def is_of_session(self, fingerprint: str) -> bool: ...
    def recheck(self) -> None: ...
    def end_session(self) -> None: ...


class Hub:
    def __init__(self) -> None:
        self.writer = Writer()
        self.reader = DatabaseThread("reader")
        self.doorbell = Doorbell(self._on_ring, self._on_joined, self._on_missed)
        self.lobby = Lobby()
        self.admission = Admission()
        self._turns = Turns(WAITING_WORK_SHARE)
        self.questions = asyncio.Semaphore(QUESTIONS_AT_A_TIME)  # of lists; each room has turns of its own
        self._following = asyncio.Lock()
        self.rooms: dict[int, Room] = {}  # by document
        self._by_owner: dict[Owner, Room] = {}
        self._opening: dict[Owner, asyncio.Task[Room]] = {}
        self._neighbours = Neighbours()
        self._connections: dict[Guest, float] = {}  # with the loop's time at which each is asked for its rights again
        self._everybody_left = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None

    def run(self) -> Self:
        """Starts the tasks that run until it is closed."""
        self.start(self._end_with_loop())
        regular = (self._beat, self._renew, self._check, self._recheck_all)
        for service in (self.writer.run, self.doorbell.listen, self.doorbell.speak, *regular):
            self.start(service())
        return self

    def start(self, job: Coroutine[Any, Any, None], context: Context | None = None) -> None:
        """Runs it in a context of its own or in a given one, and not in that of whoever came first."""
        if self._closing:
            job.close()  # a room that is already closed may still start a job
            return
        task = asyncio.create_task(job, context=context or Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def connect(self, connection: Guest) -> None:
        """Called by every connection when it begins, whatever it is for; `disconnect` when it has ended."""
        self._connections[connection] = next_recheck()
        self._everybody_left.clear()

    def disconnect(self, connection: Guest) -> None:
        self._connections.pop(connection, None)
        if not self._connections:
            self._everybody_left.set()

    def is_open(self, owner: Owner) -> bool:
        return owner in self._by_owner

    async def open(self, owner: SharedModel, identity: str = "") -> Room:
        """The room of an owner's document, to be entered at once: an empty one may close. Raises the DoesNotExist of
        the owner's model, DocumentError, or a database error. The identity, if there is one, must be the document's,
        and has been compared when this returns."""
        room = await self._room(owner)
        while identity not in ("", room.identity):
            if (await self.write(Document.objects.of, owner)).identity == room.identity:
                raise AnotherDocumentError(room.id)
            room.fail(AnotherDocumentError(room.id))  # this room is of a document that is gone
            room = await self._room(owner)
        return room

    async def _room(self, owner: SharedModel) -> Room:
        key = Owner.of(owner)
        while key not in self._by_owner:
            if key not in self._opening:
                self._opening[key] = asyncio.create_task(self._open(key, owner))
            await asyncio.shield(self._opening[key])
        return self._by_owner[key]

    async def _open(self, key: Owner, owner: SharedModel) -> Room:
        try:
            document = await self.write(Document.objects.of, owner)
            room = self._by_owner[key] = self.rooms[document.pk] = await Room.open(document, owner, self)
            self.doorbell.join(group_of(room.id))
        finally:
            del self._opening[key]
        return room

    # Calls of rooms

    async def read(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a function that reads from the database."""
        return await self.reader.run(function, *args, **kwargs)

    async def read_shared(self, key: Hashable, function: Callable[[], T]) -> T:
        """The same, once for all who ask with the same key before it begins."""
        return await self.reader.run_shared(key, function)

    async def write(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a function that writes to the database, between two commits: on SQLite, two writing threads block each
        other, sometimes for seconds."""
        return await self.writer.run_between(function, *args, **kwargs)

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Is entered for work that can wait, by one room after another."""
        return self._turns.turn()

    def submit(self, room: Room) -> None:
        self.writer.submit(room)

    def close_room(self, room: Room) -> None:
        if self.rooms.get(room.id) is room:
            del self.rooms[room.id]
            del self._by_owner[room.owner]
            self.lobby.set_people(self.doorbell.name, room.owner, [])
            self._ring_people_of(room.owner, [])  # the ring about the last one may have been lost
            self.doorbell.leave(group_of(room.id))
            room.close()

    def ring_saved(self, room: Room) -> None:
        self.doorbell.ring(group_of(room.id), rings.Saved(room.id))

    def ring_presence(self, room: Room, entry: AwarenessEntry) -> None:
        self.doorbell.ring(group_of(room.id), rings.Presence(room.id, entry))

    def ring_people(self, room: Room, people: list[Person]) -> None:
        if self.lobby.set_people(self.doorbell.name, room.owner, people):
            self._ring_people_of(room.owner, people)

    def ring_changed(self, room: Room) -> None:
        self.lobby.send_changed(room.owner)
        self.doorbell.ring(EVERYONE, rings.Changed(room.owner))

    # The end

    async def flush(self) -> None:
        """Saves all updates that wait, and has the fields follow, or as many as FLUSH_SECONDS allow."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self.writer.flush()
                async with self._following:  # all connections may ask for this at once
                    for room in list(self.rooms.values()):
                        await room.follow()

    async def say_goodbye(self) -> None:
        """The server is going down: saves all updates that wait, and sends every browser to the next server."""
        await self.flush()
        for connection in list(self._connections):
            connection.shut(CloseCode.TRY_AGAIN, "The server is shutting down.")
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._everybody_left.wait()

    def close(self) -> asyncio.Task[None]:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        return self._closing

    async def _close(self) -> None:
        for task in self._tasks:
            task.remove_done_callback(self._ended)
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for room in list(self.rooms.values()):
            self.close_room(room)
        await self.writer.close()
        await self.reader.close()

    # Rings of other processes

    def _on_ring(self, process: str, ring: Ring) -> None:
        match ring:
            case rings.Alive():
                self._on_alive(process)
            case rings.People(owner, people):
                self.lobby.set_people(process, owner, list(people))
            case rings.Changed(owner):
                self.lobby.send_changed(owner)
            case rings.Recheck(owner):
                self._recheck(lambda guest: guest.concerns(owner))
            case rings.AccountChanged(user):
                self._recheck(lambda guest: guest.is_of_account(user))
            case rings.SessionEnded(session):
                for guest in [guest for guest in self._connections if guest.is_of_session(session)]:
                    guest.end_session()
            case _ if room := self.rooms.get(ring.document):
                self._on_ring_of_room(room, process, ring)

    def _on_ring_of_room(self, room: Room, process: str, ring: Ring) -> None:
        match ring:
            case rings.Saved() | rings.Deleted():
                room.look()  # in the database, since anybody may ring who shares the channel layer
            case rings.Presence(_, entry):
                room.on_presence(process, [entry])
            case rings.Who():
                room.ring_everyone_here()

    def _recheck(self, is_meant: Callable[[Guest], bool]) -> None:
        for guest in [guest for guest in self._connections if is_meant(guest)]:
            guest.recheck()

    def _on_joined(self, group: str) -> None:
        """From now on this process hears the group, and asks for what it missed."""
        if group == EVERYONE:
            self.doorbell.ring(EVERYONE, rings.Alive())
        for room in self.rooms.values():
            if group_of(room.id) == group:
                room.look()
                self.doorbell.ring(group, rings.Who(room.id))

    def _on_missed(self) -> None:
        """Somebody may have lost a right and this process not heard of it. All are asked again, but not all at once:
        nobody is sent away since the channel layer was away for a moment."""
        for guest, due in self._connections.items():
            self._connections[guest] = min(due, next_recheck(*RECHECK_AFTER_OUTAGE))

    def _on_alive(self, process: str) -> None:
        if self._neighbours.hear(process):
            self.doorbell.ring(EVERYONE, rings.Alive())
            for room in self.rooms.values():
                room.ring_everyone_here()
                self._ring_people_of(room.owner, self.lobby.people_in(room.owner, self.doorbell.name))

    def _ring_people_of(self, owner: Owner, people: list[Person]) -> None:
        self.doorbell.ring(EVERYONE, rings.People(owner, tuple(people)))

    # Regular work

    async def _end_with_loop(self) -> None:
        """`asyncio.run` cancels what still runs when it ends, as after a test of a consumer. Nobody has closed this
        object then, and a test database cannot be deleted while somebody is connected to it."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._closing is None:
                self.writer.close_with_loop()
                self.reader.close_with_loop()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self.doorbell.ring(EVERYONE, rings.Alive())
            for process in self._neighbours.forget_silent():
                self._forget(process)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_PRESENCE_SECONDS)
            self.lobby.send_alive()
            for room in list(self.rooms.values()):
                room.renew_presence()
                if people := self.lobby.people_in(room.owner, self.doorbell.name):
                    self._ring_people_of(room.owner, people)  # a ring about them may have been lost
                await asyncio.sleep(0)

    def _forget(self, process: str) -> None:
        self.lobby.forget(process)
        for room in self.rooms.values():
            room.forget_process(process)

    async def _check(self) -> None:
        """Looks for changes that no ring reported: writes by other processes, and deleted documents."""
        checks = 0
        while True:
            await asyncio.sleep(setting("CHECK_LOG_SECONDS"))
            checks += 1
            if checks % RENEW_EVERY_CHECKS == 0:
                self.doorbell.renew()
            try:
                newest = await self.reader.run(store.newest, list(self.rooms))
            except db.Error as error:
                logger.warning("check failed error=%r", error)
                continue
            for room in list(self.rooms.values()):
                if newest.get(room.id) != (room.identity, room.replica.seq):
                    room.look()

    async def _recheck_all(self) -> None:
        """Asks for the rights of each connection again, in case that a ring was lost or nobody rang."""
        while True:
            await asyncio.sleep(setting("RECHECK_SECONDS") * RECHECK_STEP)
            now = asyncio.get_running_loop().time()
            for guest in [guest for guest, due in self._connections.items() if due <= now]:
                self._connections[guest] = next_recheck()
                guest.recheck()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.critical("this process failed and restarts its rooms", exc_info=error)
            self._fail()

    def _fail(self) -> None:
        loop = asyncio.get_running_loop()
        if _hubs.get(loop) is self:
            del _hubs[loop]
        for connection in list(self._connections):
            connection.shut(CloseCode.TRY_AGAIN, "The server failed and restarts its documents.")
        self.close()


def next_recheck(soonest: float = RECHECK_SOONEST, latest: float = 1 - RECHECK_STEP) -> float:
    """Spread over time, since many connections may have come at once."""
    part = random.uniform(soonest, latest)  # noqa: S311
    seconds: float = setting("RECHECK_SECONDS")
    return asyncio.get_running_loop().time() + seconds * part


@cache
def keep_collections_short() -> None:
    """Once for this process: leaves all that has been imported by now out of Python's garbage collections. It is a
    hundred times as much as what comes and goes later, and to look through it stops everybody for 80 ms."""
    gc.collect()
    gc.freeze()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def this_hub(on_made: Callable[[Hub], None] = lambda hub: None) -> Hub:
    """The hub of the running event loop, made on the first call."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        keep_collections_short()
        _hubs[loop] = Hub().run()
        on_made(_hubs[loop])
    return _hubs[loop]
