"""The members of a crowd on one note: they write words, and note down when the words of the others come.

Each word has a number, and is looked for in the bytes that come to the others. So it counts as delivered in whatever
update the server puts it, and what is measured is the same before and after the server is exchanged.
"""

import asyncio
import math
import os
import re
import time
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from channels_yjs.testing.client import Client
from channels_yjs.wire.messages import Message, SyncStep1, encode

PEOPLE, WORDS_PER_SECOND = 50, 2  # how many words each of them writes
SECONDS = int(os.environ.get("CROWD_SECONDS", 6))  # and for how long: a test takes no figures
WORDS = PEOPLE * WORDS_PER_SECOND * SECONDS
DELIVERIES = WORDS * (PEOPLE - 1)
MAX_LATE_SECONDS = 10.0  # for words that are on their way when everybody has stopped writing
LOOK_AGAIN_SECONDS = 0.1
PATIENCE_SECONDS = 120.0  # for the note to open
WORD = re.compile(rb"<(\d+)>")
STEP_2 = b"\x00\x01"  # how an answer to a sync step 1 begins


class Crowd:
    """What its members note down, in s."""

    def __init__(self) -> None:
        self.sent_at = [math.inf] * WORDS
        self.arrivals: list[tuple[float, float]] = []  # when, and how long after the word was sent

    async def settle(self) -> None:
        """Returns when everything has arrived, or it has become too late."""
        deadline = time.monotonic() + MAX_LATE_SECONDS
        while len(self.arrivals) < DELIVERIES and time.monotonic() < deadline:  # noqa: ASYNC110 - they are many
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


class Member:
    def __init__(self, index: int, crowd: Crowd) -> None:
        self.index, self.crowd = index, crowd
        self.client, self.typed = Client("body"), list[Message]()
        self.client.say = self.typed.append
        self.is_here = asyncio.Event()
        self.seen: set[int] = set()

    async def join(self, url: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            self.line = await connect(url, proxy=None, open_timeout=None, ping_interval=None, max_size=None)
            await self.line.send(encode(SyncStep1(b"\x00")))
            self.listening = asyncio.create_task(self.listen())
            await self.is_here.wait()

    async def listen(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = await self.line.recv(decode=False)
                self.look_for_words(frame, time.monotonic())
                if frame.startswith(STEP_2):
                    self.is_here.set()

    def look_for_words(self, frame: bytes, now: float) -> None:
        for number in set(map(int, WORD.findall(frame))) - self.seen:
            self.seen.add(number)
            if number % PEOPLE != self.index:
                self.crowd.arrivals.append((now, now - self.crowd.sent_at[number]))

    async def write(self, start: float) -> None:
        with suppress(ConnectionClosed):
            for number in range(self.index, WORDS, PEOPLE):
                due = start + number / (PEOPLE * WORDS_PER_SECOND)
                await asyncio.sleep(due - time.monotonic())
                self.client.type(f"<{number}>")
                self.crowd.sent_at[number] = time.monotonic()
                await self.line.send(encode(self.typed.pop()))
