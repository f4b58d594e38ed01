"""People beside an attack: two on each note, in their own thread. One types, and the other's wait is measured."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median
from threading import Event
from typing import Any

from pycrdt import Doc, Text
from websockets.sync.client import ClientConnection, connect

from notes.protocol import SyncStep1, SyncStep2, SyncUpdate, decode, encode
from tools.app_server import AppServer

MEBIBYTE = 1024 * 1024
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.01  # between two keys
WARM_UP_SECONDS = 0.3  # of typing, before what is measured begins


class Waits:
    """For each note the seconds from each key to the letter at the other end, and how much the server grew."""

    def __init__(self) -> None:
        self.notes: list[list[float]] = []
        self.grown_mib = 0.0

    def longest(self, but: int = 0) -> float:
        """The longest wait, leaving out so many that were longer."""
        return max(sorted(waits, reverse=True)[but] for waits in self.notes)

    def share(self, share: float) -> float:
        """So long at most did this share of the waits take."""
        return max(sorted(waits)[int(share * len(waits))] for waits in self.notes)

    def __str__(self) -> str:
        notes = "; ".join(
            f"{len(waits)} keys, median {1000 * median(waits):.1f} ms, longest {1000 * max(waits):.0f} ms"
            for waits in self.notes
        )
        return f"{notes}; the server grew by {self.grown_mib:.0f} MiB"


@contextmanager
def bystanders(server: AppServer, *urls: str) -> Iterator[Waits]:
    """As long as this lasts, people write on these notes. The waits are there when it is over."""
    waits, over = Waits(), Event()
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(len(urls)))
        pairs = [[stack.enter_context(connect(url, proxy=None)) for _ in range(2)] for url in urls]
        stack.callback(over.set)
        before = server.resident_bytes
        writing = [threads.submit(type_and_measure, ada, grace, over) for ada, grace in pairs]
        time.sleep(WARM_UP_SECONDS)
        yield waits
        time.sleep(WARM_UP_SECONDS)
        over.set()
        waits.notes = [future.result(PATIENCE_SECONDS) for future in writing]
        waits.grown_mib = (server.resident_bytes - before) / MEBIBYTE
    print(waits)


def type_and_measure(typist: ClientConnection, reader: ClientConnection, over: Event) -> list[float]:
    doc = Doc[Any]()
    body = doc.get("body", type=Text)
    for socket in (typist, reader):
        socket.send(encode(SyncStep1(b"\x00")))
        receive(socket, SyncStep2)
    waits = []
    while not over.wait(PAUSE_SECONDS):
        before = doc.get_state()
        body.insert(0, "x")
        letter = doc.get_update(before)
        started = time.perf_counter()
        typist.send(encode(SyncUpdate(letter)))
        wait_for(letter, reader)
        waits.append(time.perf_counter() - started)
        wait_for(letter, typist)  # the echo
    return waits


def wait_for(letter: bytes, socket: ClientConnection) -> None:
    """Others may have written in the same frame, and more than `decode` would let in. So this only looks for the
    client's id, which stands behind two counts."""
    client_id = letter[2:6]
    while client_id not in bytes(socket.recv(timeout=PATIENCE_SECONDS, decode=False)):
        pass


def receive(socket: ClientConnection, kind: type) -> Any:
    """The next message of a kind."""
    while True:
        frame = socket.recv(timeout=PATIENCE_SECONDS)
        message = decode(frame if isinstance(frame, bytes) else b"")
        if isinstance(message, kind):
            return message
