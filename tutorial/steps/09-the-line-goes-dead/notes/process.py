"""What the rooms of one server process share: writer, doorbell, lobby, and the knowledge of other processes.

Every process is alike and none owns a note. They find each other by a heartbeat over the channel layer: to a process
that is new each tells its people, and the people of one that fell silent are gone.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from .doorbell import EVERYONE, Doorbell
from .lobby import Lobby, People
from .protocol import AwarenessEntry, CloseCode
from .rooms import Connection, Room
from .shutdown import before_shutdown
from .writer import DatabaseThread, Writer

FLUSH_SECONDS = 1.5  # of the three within which a server that is told to stop has stopped
LEAVE_SECONDS = 0.5
HEARTBEAT_SECONDS = 2.0
SILENCE_SECONDS = 7.0


class Process:
    def __init__(self) -> None:
        self.writer = Writer()
        self.reader = DatabaseThread("reader")
        self.doorbell = Doorbell(self._answer)
        self.lobby = Lobby()
        self.rooms: dict[int, Room] = {}
        self._opening: dict[int, asyncio.Task[Room]] = {}
        self._heard: dict[str, float] = {}
        self._connections: set[Connection] = set()
        self._everybody_left = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        for service in (self.writer.run, self.doorbell.listen, self.doorbell.speak, self._beat, self._check):
            self.start(service())
        before_shutdown(self.say_goodbye)

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)  # or nobody would hold it, and Python might throw it away
        task.add_done_callback(self._tasks.discard)

    def connect(self, connection: Connection) -> None:
        """Every connection says so when it begins, whatever it is for, and when it has ended."""
        self._connections.add(connection)
        self._everybody_left.clear()

    def disconnect(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._everybody_left.set()

    async def join(self, note_id: int, connection: Connection) -> Room:
        """Raises Note.DoesNotExist."""
        while note_id not in self.rooms:
            if note_id not in self._opening:
                self._opening[note_id] = asyncio.create_task(self._open(note_id))
            await asyncio.shield(self._opening[note_id])
        self.rooms[note_id].add(connection)
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
        self.rooms.pop(room.note_id, None)
        self.doorbell.leave(room.group)

    def tell_people(self, note_id: int, people: People) -> None:
        if self.lobby.tell_people(self.doorbell.name, note_id, people):
            self._ring_people(note_id, people)

    def tell_changed(self, note_id: int) -> None:
        self.lobby.tell_changed(note_id)
        self.doorbell.ring(EVERYONE, {"type": "changed", "note": note_id}, note_id)

    async def say_goodbye(self) -> None:
        """The server is going down: saves what waits, and sends every browser to the next server."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self.writer.flush()
        for connection in list(self._connections):
            connection.shut(CloseCode.TRY_AGAIN, "The server is shutting down.")
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._everybody_left.wait()

    # What other processes say

    def _answer(self, message: dict[str, Any]) -> None:
        room = self.rooms.get(message.get("note", 0))
        match message:
            case {"type": "joined", "group": group}:
                self._joined(group)
            case {"type": "alive", "process": process}:
                self._hear(process)
            case {"type": "people", "process": process, "note": note_id, "people": people}:
                self.lobby.tell_people(process, note_id, people)
            case {"type": "changed", "note": note_id}:
                self.lobby.tell_changed(note_id)
            case {"type": "deleted"} if room:
                room.vanished()
            case {"type": "ring"} if room:
                self.start(room.look())
            case {"type": "presence", "process": process, "entry": fields} if room:
                room.hear_presence(process, [AwarenessEntry(*fields)])
            case {"type": "who"} if room:
                room.announce_presence()

    def _joined(self, group: str) -> None:
        """From now on this process hears the group; what was said before it must ask for."""
        if group == EVERYONE:
            self.doorbell.ring(EVERYONE, {"type": "alive"})
        for room in self.rooms.values():
            if room.group == group:
                self.start(room.look())
                self.doorbell.ring(group, {"type": "who", "note": room.note_id})

    def _hear(self, process: str) -> None:
        if process not in self._heard:
            self.doorbell.ring(EVERYONE, {"type": "alive"})
            for room in self.rooms.values():
                room.announce_presence()
                self._ring_people(room.note_id, self.lobby.people_in(room.note_id, self.doorbell.name))
        self._heard[process] = time.monotonic()

    def _ring_people(self, note_id: int, people: People) -> None:
        self.doorbell.ring(EVERYONE, {"type": "people", "note": note_id, "people": people}, note_id)

    # Regular work

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self.doorbell.ring(EVERYONE, {"type": "alive"})
            for process, heard in list(self._heard.items()):
                if time.monotonic() - heard > SILENCE_SECONDS:
                    del self._heard[process]
                    self.lobby.forget(process)
                    for room in self.rooms.values():
                        room.forget_process(process)

    async def _check(self) -> None:
        """Looks for what no ring told of: changes by other processes, and notes that were deleted."""
        while True:
            await asyncio.sleep(settings.CHECK_LOG_SECONDS)
            for room in list(self.rooms.values()):
                await room.look()


_processes: WeakKeyDictionary[asyncio.AbstractEventLoop, Process] = WeakKeyDictionary()


def this_process() -> Process:
    """The one of the running event loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _processes:
        _processes[loop] = Process()
    return _processes[loop]
