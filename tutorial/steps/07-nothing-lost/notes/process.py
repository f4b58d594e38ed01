"""What the rooms of one server process share: the writer and the doorbell. Every process is alike and none owns a
note."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from .doorbell import Doorbell
from .rooms import Connection, Room
from .writer import DatabaseThread, Writer


class Process:
    def __init__(self) -> None:
        self.writer = Writer()
        self.reader = DatabaseThread("reader")
        self.doorbell = Doorbell(self._answer)
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

    def _answer(self, message: dict[str, Any]) -> None:
        """What another process says, or our own doorbell when it has joined a group."""
        room = self.rooms.get(message.get("note", 0))
        match message:
            case {"type": "joined", "group": group}:  # what was said before it must be looked up
                for room in self.rooms.values():
                    if room.group == group:
                        self.start(room.look())
            case {"type": "ring"} if room:
                self.start(room.look())
            case {"type": "frame", "frame": frame} if room:
                room.pass_on(frame)


_processes: WeakKeyDictionary[asyncio.AbstractEventLoop, Process] = WeakKeyDictionary()


def this_process() -> Process:
    """The one of the running event loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _processes:
        _processes[loop] = Process()
    return _processes[loop]
