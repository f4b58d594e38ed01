"""A room's background jobs: soon or later, never the same job twice at a time, and what can wait in turns."""

import asyncio
from asyncio import TimerHandle, get_running_loop
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

Job = Callable[[], Coroutine[Any, Any, None]]


class Jobs:
    """Jobs are told apart by their names. `start` runs a coroutine as a task; `attempt` runs a job and handles its
    errors."""

    def __init__(
        self, start: Callable[[Coroutine[Any, Any, None]], None], attempt: Callable[[Job], Coroutine[Any, Any, None]]
    ) -> None:
        self._start, self._attempt = start, attempt
        self._running: set[str] = set()
        self._timers: dict[str, TimerHandle] = {}
        self._is_closed = False

    def start(self, job: Job) -> None:
        self.cancel(job)
        if not self._is_closed and job.__name__ not in self._running:
            self._running.add(job.__name__)
            self._start(self._run(job))

    def later(self, seconds: float, job: Job) -> None:
        self.cancel(job)
        if not self._is_closed:
            self._timers[job.__name__] = get_running_loop().call_later(seconds, self.start, job)

    def soon(self, seconds: float, job: Job) -> None:
        """Does the same as `later`, unless the job is already scheduled."""
        if job.__name__ not in self._timers:
            self.later(seconds, job)

    def cancel(self, job: Job) -> None:
        if timer := self._timers.pop(job.__name__, None):
            timer.cancel()

    def close(self) -> None:
        """Nothing is started any more. What runs, ends."""
        self._is_closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def _run(self, job: Job) -> None:
        try:
            await self._attempt(job)
        finally:
            self._running.discard(job.__name__)


class Turns:
    """Work that can wait, for which the rooms of a process take turns. After each turn all rest, so that the work of
    any number of rooms takes a `share` of the time, and whatever cannot wait finds the rest free."""

    LONGEST_REST_SECONDS = 1.0  # a turn may have waited for a database that did not answer
    LONGEST_WAIT_SECONDS = 4.0  # if so many wait that it would take longer, they rest less

    def __init__(self, share: float) -> None:
        self._share = share
        self._waiting = self._most = 0  # the most that have waited at a time, since nobody waited
        self._one = asyncio.Lock()
        self._rest_until = 0.0  # the loop's time

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        loop = get_running_loop()
        self._waiting += 1
        self._most = max(self._most, self._waiting)
        async with self._one:
            self._waiting -= 1
            await asyncio.sleep(self._rest_until - loop.time())
            started = loop.time()
            try:
                yield
            finally:
                now = loop.time()
                rest = (now - started) * (1 / self._share - 1)
                self._rest_until = now + min(rest, self.LONGEST_REST_SECONDS, self.LONGEST_WAIT_SECONDS / self._most)
                if not self._waiting:
                    self._most = 0
