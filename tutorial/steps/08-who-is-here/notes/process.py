"""What the rooms of one server process share: writer, doorbell and lobby. Every process is alike and none owns a
note."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from .doorbell import EVERYONE, Doorbell
from .lobby import Lobby, People
from .protocol import AwarenessEntry
from .rooms import Connection, Room
from .writer import DatabaseThread, Writer


class Process:
    def __init__(self) -> None:
        self.writer = Writer()
        self.reader = DatabaseThread("reader")
        self.doorbell = Doorbell(self._answer)
        self.lobby = Lobby()
        self.rooms: dict[int, Room] = {}
        self._opening: dict[int, asyncio.Task[Room]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        for service in (self.writer.run, self.doorbell.listen, self.doorbell.speak):
            self.start(service())

    def start(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)  # or nobody would hold it, and Python might throw it away
        task.add_done_callback(self._tasks.discard)

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

    def tell_people(self, note_id: int, people: People) -> None:
        if self.lobby.tell_people(self.doorbell.name, note_id, people):
            self._ring_people(note_id, people)

    def tell_changed(self, note_id: int) -> None:
        self.lobby.tell_changed(note_id)
        self.doorbell.ring(EVERYONE, {"type": "changed", "note": note_id}, note_id)

    # What other processes say

    def _answer(self, message: dict[str, Any]) -> None:
        room = self.rooms.get(message.get("note", 0))
        match message:
            case {"type": "joined", "group": group}:
                self._joined(group)
            case {"type": "hello"}:
                self._introduce()
            case {"type": "people", "process": process, "note": note_id, "people": people}:
                self.lobby.tell_people(process, note_id, people)
            case {"type": "changed", "note": note_id}:
                self.lobby.tell_changed(note_id)
            case {"type": "ring"} if room:
                self.start(room.look())
            case {"type": "presence", "process": process, "entry": fields} if room:
                room.hear_presence(process, [AwarenessEntry(*fields)])
            case {"type": "who"} if room:
                room.announce_presence()

    def _joined(self, group: str) -> None:
        """From now on this process hears the group; what was said before it must ask for."""
        if group == EVERYONE:
            self.doorbell.ring(EVERYONE, {"type": "hello"})
        for room in self.rooms.values():
            if room.group == group:
                self.start(room.look())
                self.doorbell.ring(group, {"type": "who", "note": room.note_id})

    def _introduce(self) -> None:
        for room in self.rooms.values():
            self._ring_people(room.note_id, self.lobby.people_in(room.note_id, self.doorbell.name))

    def _ring_people(self, note_id: int, people: People) -> None:
        self.doorbell.ring(EVERYONE, {"type": "people", "note": note_id, "people": people}, note_id)


_processes: WeakKeyDictionary[asyncio.AbstractEventLoop, Process] = WeakKeyDictionary()


def this_process() -> Process:
    """The one of the running event loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _processes:
        _processes[loop] = Process()
    return _processes[loop]
