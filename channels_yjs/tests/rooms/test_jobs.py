"""Work that can wait takes little time."""

import asyncio
from functools import partial

import pytest

from channels_yjs.rooms import jobs
from channels_yjs.rooms.jobs import Turns


class Clock:
    """An event loop's time that only sleep and work move on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(jobs, "get_running_loop", lambda: self)
        self._yield = partial(asyncio.sleep, 0)
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0)
        await self._yield()


@pytest.mark.parametrize(
    ("rooms", "seconds", "at_least", "at_most"),
    [(10, 0.01, 9 * 0.2, 10 * 0.2), (2, 10.0, 20, 22), (1000, 0.01, 10, 10 + 5)],
)
async def test_work_that_can_wait_takes_a_small_share_of_the_time(
    monkeypatch: pytest.MonkeyPatch, rooms: int, seconds: float, at_least: float, at_most: float
) -> None:
    """But nobody waits for long, even if many are waiting, or somebody waited for a database that did not answer."""
    clock, turns, at_work = Clock(monkeypatch), Turns(share=0.05), []

    async def take_turn(name: int) -> None:
        async with turns.turn():
            at_work.append(name)
            await clock.sleep(seconds)
            assert at_work[-1] == name  # one at a time

    await asyncio.gather(*map(take_turn, range(rooms)))
    assert at_work == list(range(rooms))
    assert at_least <= clock.now <= at_most
