"""The app with a pulse: how long its server's loop keeps everybody waiting, told in CPU time.

Tests that attack a server have it serve this in place of the app. Between two beats anybody may have a turn; others
have to wait for as long as the loop's thread computes between them. Other programs on the machine make that take
longer, but no more CPU time.
"""

import asyncio
import json
import time
from typing import Any

from realtime_notes.asgi import application as app

PATH = "/pulse"
BEAT_SECONDS = 0.005


class Pulse:
    def __init__(self) -> None:
        self._longest = 0.0
        self._beating = asyncio.create_task(self._beat())

    def read(self) -> dict[str, float]:
        """Returns the longest turn since the last reading, and the process's total, in CPU seconds."""
        longest, self._longest = self._longest, 0.0
        return {"longest": longest, "spent": time.process_time()}

    async def _beat(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.thread_time()
            self._longest = max(self._longest, now - before)
            before = now


pulses: list[Pulse] = []  # holds one from the first reading onwards


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http" or scope["path"] != PATH:
        await app(scope, receive, send)
        return
    if not pulses:
        pulses.append(Pulse())
    body = json.dumps(pulses[0].read()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
