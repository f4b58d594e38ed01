"""Fifty people write on one note of a reader's server: `nox -s crowd -- ../my-notes`.

It measures and judges nothing. Times depend on the machine, so a run is compared with earlier ones on the same.
"""

import asyncio
import getpass
import hashlib
import math
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from websockets.exceptions import WebSocketException

from tools.app_server import AppServer
from tutorial.steps import TutorialError

from .members import DELIVERIES, PEOPLE, SECONDS, WORDS_PER_SECOND, Crowd, Member
from .trial import copied, first_note, served

MOST_EARLIER_RUNS = 3


@dataclass(frozen=True)
class Figures:
    per_second: float  # deliveries, as long as all write
    waits: list[float]  # in s, in order; what never arrived is missing at the end
    cpu_seconds: float
    disconnected: int  # members that the server has closed

    def within(self, seconds: float) -> float:
        """The part of all deliveries, from 0 to 1."""
        return sum(wait <= seconds for wait in self.waits) / DELIVERIES

    def by_when(self, part: float) -> str:
        number = math.ceil(part * DELIVERIES)
        return f"{self.waits[number - 1]:.2f} s" if number <= len(self.waits) else "never"

    def __str__(self) -> str:
        return (
            f"{self.per_second:14,.0f} {self.within(1):11.0%} {self.by_when(0.5):>11} {self.by_when(0.95):>11} "
            f"{1 - len(self.waits) / DELIVERIES:8.0%} {self.cpu_seconds:9.1f} s"
        )


HEADING = "  deliveries/s  within 1 s  half after  95 % after  missing  server CPU"


def crowd(folder: Path) -> None:
    print(
        f"{PEOPLE} people write {WORDS_PER_SECOND} words a second each on one note, for {SECONDS} s. "
        f"Each word has to come to {PEOPLE - 1} others: {DELIVERIES // SECONDS:,} deliveries a second."
    )
    with copied(folder) as copy, served(copy) as server:
        try:
            figures = asyncio.run(measure(server))
        except (OSError, TimeoutError, WebSocketException) as error:
            raise TutorialError(f"Not all of them could open the first note of your project: {error!r}") from None
    print(f"{figures.within(1):.0%} of the deliveries came within a second.")
    if figures.disconnected:
        print(f"{figures.disconnected} people were disconnected.")
    print()
    say_beside_earlier(folder, f"{time.strftime('%H:%M')} {figures}")
    print("\nRun it again when another consumer is in its place, and the lines can be compared.")


async def measure(server: AppServer) -> Figures:
    noted = Crowd()
    members = [Member(index, noted) for index in range(PEOPLE)]
    await asyncio.gather(*(member.join(first_note(server)) for member in members))
    worked, start = server.cpu_seconds, time.monotonic()
    await asyncio.gather(*(member.write(start) for member in members))
    stopped = time.monotonic()
    await noted.settle()
    worked = server.cpu_seconds - worked
    disconnected = sum(member.listening.done() for member in members)
    for member in members:
        member.listening.cancel()
        member.line.transport.abort()
    meanwhile = sum(when <= stopped for when, _ in noted.arrivals)
    waits = sorted(wait for _, wait in noted.arrivals)
    return Figures(meanwhile / (stopped - start), waits, worked, disconnected)


def say_beside_earlier(folder: Path, row: str) -> None:
    """The last runs of a project are kept in the machine's folder for temporary files."""
    project = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    user = getattr(os, "getuid", getpass.getuser)()
    runs = Path(tempfile.gettempdir()) / f"realtime-notes-crowd-{user}-{project}.txt"
    earlier = runs.read_text(encoding="utf-8").splitlines() if runs.exists() else []
    rows = [*earlier[-MOST_EARLIER_RUNS:], row]
    runs.write_text("\n".join(rows), encoding="utf-8")
    print(f"{'':5} {HEADING}", *rows, sep="\n")
