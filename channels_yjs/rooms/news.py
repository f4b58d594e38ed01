"""News of names and cursors, on their way to everyone: at once after a quiet time, otherwise together.

Invariant: at least GAP_SECONDS pass between two rounds, and only the last news of each client goes out.
"""

import math
import time
from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable, Iterable
from typing import NamedTuple

from channels_yjs.wire.messages import AwarenessEntry

GAP_SECONDS = 0.05


class Told(NamedTuple):
    entry: AwarenessEntry
    is_ours: bool  # whether the client is connected to this process


class News:
    def __init__(self, tell: Callable[[list[Told]], None]) -> None:
        self._tell = tell
        self._waiting: dict[int, Told] = {}  # by client
        self._timer: TimerHandle | None = None
        self._told_at = -math.inf

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, entries: Iterable[AwarenessEntry], *, is_ours: bool) -> None:
        for entry in entries:
            self._waiting[entry.client_id] = Told(entry, is_ours)
        wait = self._told_at + GAP_SECONDS - time.monotonic()
        if self._waiting and wait <= 0:
            self.tell()
        elif self._waiting and not self._timer:
            self._timer = get_running_loop().call_later(wait, self.tell)

    def tell(self) -> None:
        self.close()
        news, self._waiting = list(self._waiting.values()), {}
        self._told_at = time.monotonic()
        self._tell(news)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
