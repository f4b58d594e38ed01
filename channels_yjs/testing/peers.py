"""The language of tests within one process: people who type, erase, lose the connection and find it again.

A Peer is one person's replica and speaks with a room exactly as a browser does, frame by frame, but without a
socket. It keeps what it was shown and what was acknowledged.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any, Self

from channels_yjs.hub.hub import Hub
from channels_yjs.models import SharedModel
from channels_yjs.names import Author, Owner
from channels_yjs.rooms.room import Room
from channels_yjs.wire import messages
from channels_yjs.wire.messages import (
    LEFT,
    Access,
    Awareness,
    AwarenessEntry,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)

from .client import Client

PATIENCE_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.005


class Peer(Client):
    author: Author | None = None
    shown_name: str | None = None
    is_guest = False
    access = Access.WRITE
    is_told_access = False

    def __init__(self, name: str, client_id: int | None = None) -> None:
        super().__init__(client_id=client_id)  # the document that it joins names its texts
        self.name = name
        self.room: Room | None = None
        self.frames: list[bytes] = []  # everything that was delivered, in order
        self.closed: tuple[int, str] | None = None
        self.people: dict[int, dict[str, Any]] = {}
        self.saved = self.asked = 0
        self.clock = 0
        self.state = LEFT

    def __repr__(self) -> str:
        return f"{self.name}: {self.text!r}"

    # The connection

    async def join(self, hub: Hub, owner: SharedModel, identity: str = "") -> Self:
        self.closed = None
        self.share(owner.shared_texts)
        self._way = (hub, owner)
        hub.connect(self)
        room = await hub.open(owner, identity)
        room.add(self)
        self.room = room
        self.say = self._tell_room
        self.greet()
        self.say_here()
        return self

    def cut(self) -> None:
        """The connection dies; typing goes on."""
        assert self.room
        room, self.room, self.say = self.room, None, None
        room.remove(self)
        self._way[0].disconnect(self)
        self.people.clear()

    async def mend(self, hub: Hub | None = None) -> None:
        await self.join(hub or self._way[0], self._way[1])

    # Rights: a peer is asked by setting `access`, and its account never changes

    def concerns(self, owner: Owner) -> bool:
        return self.room is not None and self.room.owner == owner

    def is_of_account(self, user: str) -> bool:
        return False

    def is_of_session(self, fingerprint: str) -> bool:
        return False

    def end_session(self) -> None: ...

    def recheck(self) -> None:
        if self.room:
            self.room.change_access(self, self.access)

    # Frames, both ways

    def _tell_room(self, message: messages.Message) -> None:
        if self.room:
            self.room.receive(self, messages.decode(messages.encode(message)))

    def deliver(self, frame: bytes) -> None:
        self.frames.append(frame)
        match messages.decode(frame):
            case SyncStep1() as question:
                asyncio.get_running_loop().call_soon(self.hear, question)
            case SyncStep2() | SyncUpdate() as update:
                self.hear(update)
            case Awareness(entries):
                for entry in entries:
                    self._see(entry)
            case SyncStatus(payload):
                self.saved = int.from_bytes(payload)

    def shut(self, code: int, reason: str) -> None:
        self.closed = (code, reason)
        if self.room:
            self.cut()

    # Presence and saving

    def say_here(self, **state: Any) -> None:
        self.clock += 1
        self.state = json.dumps({"user": {"name": self.name, "color": "#123456"}, **state})
        self._say_state()

    def _say_state(self) -> None:
        self.send(Awareness((AwarenessEntry(self.doc.client_id, self.clock, self.state),)))

    def _see(self, entry: AwarenessEntry) -> None:
        state = json.loads(entry.state)
        if state is None and entry.client_id == self.doc.client_id and entry.clock >= self.clock:
            self.clock = entry.clock + 1  # y-protocols does the same: I am here, whatever others have received
            asyncio.get_running_loop().call_soon(self._say_state)
        elif state is None:
            self.people.pop(entry.client_id, None)
        else:
            self.people[entry.client_id] = state

    @property
    def names(self) -> set[str]:
        return {state["user"]["name"] for state in self.people.values()}

    async def expect_saved(self) -> None:
        self.asked += 1
        self.send(SyncStatus(self.asked.to_bytes(4)))
        await until(lambda: self.saved == self.asked, f"{self.name} is told that everything is saved")


async def until(condition: Callable[[], bool], claim: str) -> None:
    """Waits for something that must come true soon; fails with the claim if it does not."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():  # noqa: ASYNC110 - it spans replicas, and none of them has an event for it
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise AssertionError(f"Not true within {PATIENCE_SECONDS} s: {claim}") from None


async def expect_text(text: str, *peers: Peer) -> None:
    await until(lambda: all(peer.text == text for peer in peers), f"all read {text!r}, but {peers}")


async def expect_names(names: Iterable[str], *peers: Peer) -> None:
    wanted = set(names)
    await until(lambda: all(peer.names == wanted for peer in peers), f"{wanted} are here")


async def expect_converged(*peers: Peer) -> str:
    """Everybody is online, everything is saved, and all read the same. Returns what they read."""
    for peer in peers:
        await peer.expect_saved()
    await until(
        lambda: len({tuple(map(str, p.texts.values())) for p in peers}) == 1, f"all read the same, but {peers}"
    )
    return peers[0].text
