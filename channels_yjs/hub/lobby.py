"""What the list of notes shows live: who is in which note, in all processes, and which notes changed.

Each process tells the others about its own people only, so what is known of a process can be forgotten as a
whole when it falls silent. A change is told as a note's number; whoever looks fetches the list again.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

People = list[dict[str, str]]
Watcher = Callable[[dict[str, Any]], None]


class Lobby:
    def __init__(self) -> None:
        self._people: defaultdict[int, dict[str, People]] = defaultdict(dict)
        self.watchers: set[Watcher] = set()

    def watch(self, watcher: Watcher) -> None:
        self.watchers.add(watcher)
        watcher({"people": {note_id: self.people_in(note_id) for note_id in list(self._people)}})

    def people_in(self, note_id: int, process: str | None = None) -> People:
        """Everybody in a note, or those who are there by way of one process."""
        told = self._people.get(note_id, {})
        return [person for name in told if process in (None, name) for person in told[name]]

    def tell_people(self, process: str, note_id: int, people: People) -> bool:
        """Replaces what is known of a process's people in a note. Returns whether that was news."""
        if self._people.get(note_id, {}).get(process, []) == people:
            return False
        self._people[note_id][process] = people
        self._tell({"people": {note_id: self.people_in(note_id)}})
        if not any(self._people[note_id].values()):
            del self._people[note_id]
        return True

    def tell_changed(self, note_id: int) -> None:
        self._tell({"changed": [note_id]})

    def forget(self, process: str) -> None:
        for note_id in list(self._people):
            self.tell_people(process, note_id, [])

    def _tell(self, news: dict[str, Any]) -> None:
        for watcher in list(self.watchers):
            watcher(news)
