"""A room's background jobs: soon or later, and never the same job twice at a time."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable, Coroutine
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

    def start(self, job: Job) -> None:
        self._timers.pop(job.__name__, None)
        if job.__name__ not in self._running:
            self._running.add(job.__name__)
            self._start(self._run(job))

    def later(self, seconds: float, job: Job) -> None:
        self.cancel(job)
        self._timers[job.__name__] = get_running_loop().call_later(seconds, self.start, job)

    def soon(self, seconds: float, job: Job) -> None:
        """Does the same as `later`, unless the job is already scheduled."""
        if job.__name__ not in self._timers:
            self.later(seconds, job)

    def cancel(self, job: Job) -> None:
        if timer := self._timers.pop(job.__name__, None):
            timer.cancel()

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    async def _run(self, job: Job) -> None:
        try:
            await self._attempt(job)
        finally:
            self._running.discard(job.__name__)
