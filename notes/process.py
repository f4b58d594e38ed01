"""What the rooms of one server process share: writer, doorbell, lobby, and the knowledge of other processes.

Every process is alike and none owns a note. They find each other by a heartbeat over the channel layer: to a
process that is new each tells its people, and the people of one that fell silent are gone.

Invariant: a fault that nobody foresaw ends this object, not the notes. It closes every connection with "try
again", and the next connection finds a new one, which starts from the database.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from django import db

from channels_yjs.conf import setting
from channels_yjs.connections.daphne import before_shutdown
from channels_yjs.connections.limits import Admission
from channels_yjs.hub import rings
from channels_yjs.hub.doorbell import EVERYONE, Doorbell
from channels_yjs.hub.lobby import Lobby, People
from channels_yjs.hub.rings import Ring
from channels_yjs.wire.messages import CloseCode

from . import documents
from .documents import AnotherNoteError
from .rooms import Connection, Room
from .writer import DatabaseThread, Writer

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 1.5  # of the three within which a server that is told to stop has stopped
LEAVE_SECONDS = 0.5
HEARTBEAT_SECONDS = 2.0
SILENCE_SECONDS = 7.0
# Clients forget anybody who is silent for 30 s; two rounds and the way to the browser must fit into that.
RENEW_PRESENCE_SECONDS = 10.0
RENEW_EVERY_CHECKS = 20  # joins of groups; a layer may forget them, channels_redis does so after a day


class Process:
    def __init__(self) -> None:
        self.writer = Writer()
        self.reader = DatabaseThread("reader")
        self.doorbell = Doorbell(self._on_ring, self._on_joined)
        self.lobby = Lobby()
        self.admission = Admission()
        self.rooms: dict[int, Room] = {}
        self._opening: dict[int, asyncio.Task[Room]] = {}
        self._heard: dict[str, float] = {}
        self._connections: set[Connection] = set()
        self._everybody_left = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        regular = (self._beat, self._renew, self._check)
        for service in (self.writer.run, self.doorbell.listen, self.doorbell.speak, *regular):
            self.start(service())
        before_shutdown(self.say_goodbye)

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        if self._closing:
            job.close()  # a room that is closed already may still have had something in mind
            return
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def connect(self, connection: Connection) -> None:
        """Every connection says so when it begins, whatever it is for, and when it has ended."""
        self._connections.add(connection)
        self._everybody_left.clear()

    def disconnect(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._everybody_left.set()

    async def join(self, note_id: int, connection: Connection, identity: str = "") -> Room:
        """Raises Note.DoesNotExist, NoteError, or a database error. A connection that says which note it is for, by
        its identity, is asked for nothing and told nothing before that has been compared."""
        room = await self._room(note_id)
        while identity not in ("", room.identity):
            if await self.reader.run(documents.identity_of, note_id) == room.identity:
                raise AnotherNoteError(note_id)
            room.fail(AnotherNoteError(note_id))  # it is the room that has been left behind
            room = await self._room(note_id)
        room.add(connection)
        return room

    async def _room(self, note_id: int) -> Room:
        while note_id not in self.rooms:
            if note_id not in self._opening:
                self._opening[note_id] = asyncio.create_task(self._open(note_id))
            await asyncio.shield(self._opening[note_id])
        return self.rooms[note_id]

    async def _open(self, note_id: int) -> Room:
        room = Room(note_id, self)
        try:
            await room.open()
            self.rooms[note_id] = room
        finally:
            del self._opening[note_id]
        return room

    def close_room(self, room: Room) -> None:
        if self.rooms.get(room.note_id) is room:
            del self.rooms[room.note_id]
            room.close()

    def tell_people(self, note_id: int, people: People) -> None:
        if self.lobby.tell_people(self.doorbell.name, note_id, people):
            self._ring_people(note_id, people)

    def tell_changed(self, note_id: int) -> None:
        self.lobby.tell_changed(note_id)
        self.doorbell.ring(EVERYONE, rings.Changed(note_id))

    async def flush(self) -> None:
        """Saves what waits, as far as FLUSH_SECONDS suffice for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self.writer.flush()

    async def say_goodbye(self) -> None:
        """The server is going down: saves what waits, and sends every browser to the next server."""
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

    # What other processes say

    def _on_ring(self, process: str, ring: Ring) -> None:
        match ring:
            case rings.Alive():
                self._hear(process)
            case rings.People(note_id, people):
                self.lobby.tell_people(process, note_id, list(people))
            case rings.Changed(note_id):
                self.lobby.tell_changed(note_id)
            case _ if room := self.rooms.get(ring.document):
                self._tell_room(room, process, ring)

    def _tell_room(self, room: Room, process: str, ring: Ring) -> None:
        match ring:
            case rings.Deleted():
                room.vanished()
            case rings.Saved():
                room.look()
            case rings.Presence(_, entry):
                room.hear_presence(process, [entry])
            case rings.Who():
                room.announce_presence()

    def _on_joined(self, group: str) -> None:
        """From now on this process hears the group; what was said before it must ask for."""
        if group == EVERYONE:
            self.doorbell.ring(EVERYONE, rings.Alive())
        for room in self.rooms.values():
            if room.group == group:
                room.look()
                self.doorbell.ring(group, rings.Who(room.note_id))

    def _hear(self, process: str) -> None:
        if process not in self._heard:
            self.doorbell.ring(EVERYONE, rings.Alive())
            for room in self.rooms.values():
                room.announce_presence()
                self._ring_people(room.note_id, self.lobby.people_in(room.note_id, self.doorbell.name))
        self._heard[process] = time.monotonic()

    def _ring_people(self, note_id: int, people: People) -> None:
        self.doorbell.ring(EVERYONE, rings.People(note_id, tuple(people)))

    # Regular work

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self.doorbell.ring(EVERYONE, rings.Alive())
            for process, heard in list(self._heard.items()):
                if time.monotonic() - heard > SILENCE_SECONDS:
                    del self._heard[process]
                    self._forget(process)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_PRESENCE_SECONDS)
            for room in list(self.rooms.values()):
                room.renew_presence()
                await asyncio.sleep(0)

    def _forget(self, process: str) -> None:
        self.lobby.forget(process)
        for room in self.rooms.values():
            room.forget_process(process)

    async def _check(self) -> None:
        """Looks for what no ring told of: changes by other processes, and notes that were deleted."""
        checks = 0
        while True:
            await asyncio.sleep(setting("CHECK_LOG_SECONDS"))
            checks += 1
            if checks % RENEW_EVERY_CHECKS == 0:
                self.doorbell.renew()
            try:
                newest = await self.reader.run(documents.newest, list(self.rooms))
            except db.Error as error:
                logger.warning("check failed error=%r", error)
                continue
            for room in list(self.rooms.values()):
                if newest.get(room.note_id) != (room.identity, room.document.seq):
                    room.look()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.critical("this process starts its rooms afresh", exc_info=error)
            self._fail()

    def _fail(self) -> None:
        loop = asyncio.get_running_loop()
        if _processes.get(loop) is self:
            del _processes[loop]
        for connection in list(self._connections):
            connection.shut(CloseCode.TRY_AGAIN, "The server had a fault and starts afresh.")
        self.close()


_processes: WeakKeyDictionary[asyncio.AbstractEventLoop, Process] = WeakKeyDictionary()


def this_process() -> Process:
    """The one of the running event loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _processes:
        _processes[loop] = Process()
    return _processes[loop]
