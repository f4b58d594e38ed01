"""People beside an attack: two on each note, in their own thread. One types, and the other waits for each letter.

The time for which the server keeps them waiting is measured in its CPU time, and expressed in keys: one key is the
cost of one of their characters for the server in peace, right before the attack. Neither a slow machine nor a busy
one changes the result.
"""

import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median
from threading import Event
from typing import Any

from pycrdt import Doc, Text
from websockets.sync.client import ClientConnection

from channels_yjs.testing.client import Client
from channels_yjs.wire.lib0 import varuint
from channels_yjs.wire.messages import SyncStatus, SyncStep1, SyncStep2, SyncUpdate, decode, encode
from e2e.support.lines import patient, socket_of
from tools.app_server import AppServer
from tools.patience import patience

MEBIBYTE = 1024 * 1024
PAUSE_SECONDS = 0.01  # between two keys
LOOK_AGAIN_SECONDS = 0.02
WARM_UP_KEYS = 20  # on each note, before anything is measured
PEACEFUL_KEYS = 50
KEYS_AFTERWARDS = 10


class Waits:
    """For each note, the seconds from each key to its arrival at the other end; and the attack's cost."""

    def __init__(self, notes: int) -> None:
        self.notes: list[list[float]] = [[] for _ in range(notes)]
        self.key_seconds = 0.0  # CPU seconds, in peace
        self.longest_seconds = 0.0  # CPU seconds: the longest turn that anything had during the attack
        self.grown_mib = 0.0

    @property
    def keys(self) -> int:
        return sum(map(len, self.notes))

    @property
    def longest_turn(self) -> float:
        """The longest time for which others had to wait, in keys of the server's work."""
        return self.longest_seconds / self.key_seconds

    def __str__(self) -> str:
        notes = "; ".join(
            f"{len(waits)} keys, median {1000 * median(waits):.1f} ms, longest {1000 * max(waits):.0f} ms"
            for waits in self.notes
        )
        return (
            f"{notes}; a key costs {1000 * self.key_seconds:.2f} ms of CPU, the longest turn took "
            f"{1000 * self.longest_seconds:.0f} ms ({self.longest_turn:.0f} keys); "
            f"the server grew by {self.grown_mib:.0f} MiB"
        )


@contextmanager
def bystanders(server: AppServer, *urls: str) -> Iterator[Waits]:
    """People write on these notes in the meantime. Their waiting times are known at the end."""
    waits, over = Waits(len(urls)), Event()
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(len(urls)))
        pairs = [(stack.enter_context(patient(url)), stack.enter_context(patient(url))) for url in urls]
        stack.callback(over.set)
        writing = [
            threads.submit(type_and_measure, typist, reader, on_note, over)
            for (typist, reader), on_note in zip(pairs, waits.notes, strict=True)
        ]
        type_more(WARM_UP_KEYS, waits, writing)
        keys, spent = waits.keys, read_pulse(server)["spent"]
        type_more(PEACEFUL_KEYS, waits, writing)
        waits.key_seconds = (read_pulse(server)["spent"] - spent) / (waits.keys - keys)
        before = server.resident_bytes
        yield waits
        type_more(KEYS_AFTERWARDS, waits, writing)
        waits.longest_seconds = read_pulse(server)["longest"]
        waits.grown_mib = (server.resident_bytes - before) / MEBIBYTE
        over.set()
        for future in writing:
            future.result(patience.script_seconds)
    print(waits)


def read_pulse(server: AppServer) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/pulse", timeout=patience.script_seconds) as response:
        pulse: dict[str, float] = json.load(response)
    return pulse


def type_more(keys: int, waits: Waits, writing: list[Future[None]]) -> None:
    """Returns after this many more keys on each note."""
    enough = [len(on_note) + keys for on_note in waits.notes]
    while any(len(on_note) < number for on_note, number in zip(waits.notes, enough, strict=True)):
        for future in writing:
            if future.done():
                future.result()
        time.sleep(LOOK_AGAIN_SECONDS)


def type_and_measure(typist: ClientConnection, reader: ClientConnection, waits: list[float], over: Event) -> None:
    client, letters = Client("body"), list[bytes]()
    client.say = lambda message: letters.append(encode(message))
    for socket in (typist, reader):
        socket.send(encode(SyncStep1(b"\x00")))
        receive(socket, SyncStep2)
    while not over.wait(PAUSE_SECONDS):
        client.type("x", at=0)
        started = time.perf_counter()
        typist.send(letters[-1])
        wait_for(client.doc.client_id, reader)
        waits.append(time.perf_counter() - started)
        wait_for(client.doc.client_id, typist)  # the echo


def wait_for(client_id: int, socket: ClientConnection) -> None:
    """Only looks for the client's id: others may have written in the same frame, and more than `decode` would let
    in."""
    while varuint(client_id) not in bytes(socket.recv(timeout=patience.script_seconds, decode=False)):
        pass


def fill(note: str, text: str) -> None:
    """Writes a text into a note in one update, and waits until it is saved."""
    doc = Doc[Text]()
    doc["body"] = Text(text)
    with patient(socket_of(note), max_size=None) as socket:
        socket.send(encode(SyncUpdate(doc.get_update())))
        socket.send(encode(SyncStatus(b"\x01")))
        receive(socket, SyncStatus)


def receive(socket: ClientConnection, kind: type) -> Any:
    """The next message of a kind."""
    while True:
        frame = socket.recv(timeout=patience.script_seconds)
        message = decode(frame if isinstance(frame, bytes) else b"")
        if isinstance(message, kind):
            return message
