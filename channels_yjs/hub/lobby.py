"""The live part of lists: who is in which document, in all processes, and which rows changed.

Each process sends the others only its own people, so what is known of a process can be forgotten as a whole when it
falls silent. A change is sent as a row's key; a page that shows the list fetches it again.

A watcher hears of the rows of one model: `{"people": {pk: [person, …]}}` and `{"changed": [pk]}`, with keys as text.
Which of these a person may hear of, its consumer decides. And it hears `{}` every few seconds, so that a page whose
line is dead notices.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from channels_yjs.names import Owner
from channels_yjs.rooms.person import Person

People = list[Person]
Watcher = Callable[[dict[str, Any]], None]


class Lobby:
    def __init__(self) -> None:
        self._people: defaultdict[Owner, dict[str, People]] = defaultdict(dict)
        self._watchers: dict[Watcher, str] = {}  # the model that each watches

    def watch(self, model: str, watcher: Watcher) -> None:
        self._watchers[watcher] = model

    def leave(self, watcher: Watcher) -> None:
        self._watchers.pop(watcher, None)

    def people_of(self, model: str) -> dict[str, People]:
        """The people in all documents of a model's rows, by the row's key."""
        return {owner.pk: self.people_in(owner) for owner in list(self._people) if owner.model == model}

    def people_in(self, owner: Owner, process: str | None = None) -> People:
        """Everybody in a document, or only those who are connected to one process."""
        told = self._people.get(owner, {})
        return [person for name in told if process in (None, name) for person in told[name]]

    def set_people(self, process: str, owner: Owner, people: People) -> bool:
        """Replaces the people in a document who are connected to a process. Returns whether that was news."""
        if self._people.get(owner, {}).get(process, []) == people:
            return False
        self._people[owner][process] = people
        self._send(owner.model, {"people": {owner.pk: self.people_in(owner)}})
        if not any(self._people[owner].values()):
            del self._people[owner]
        return True

    def send_changed(self, owner: Owner) -> None:
        self._send(owner.model, {"changed": [owner.pk]})

    def send_alive(self) -> None:
        for watcher in list(self._watchers):
            watcher({})

    def forget(self, process: str) -> None:
        for owner in list(self._people):
            self.set_people(process, owner, [])

    def _send(self, model: str, news: dict[str, Any]) -> None:
        for watcher, watched in list(self._watchers.items()):
            if watched == model:
                watcher(news)
