"""A day in the life of a room, compressed: everything that grows with the people and their text is given back."""

import random
from collections.abc import Callable
from functools import partial

import pytest

from e2e.faults.conftest import Database, row_counts, socket_of
from e2e.faults.crowd import Crowd, CrowdPeer
from tools.app_server import AppServer

pytestmark = pytest.mark.chapter(10)

MEBIBYTE = 1024 * 1024
COMPACT_AFTER = 50
HOURS, SHORT_HOURS = 24, 3
PEOPLE, SHORT_PEOPLE = 200, 45  # the people of a day
MAX_GROWTH = 64 * MEBIBYTE  # growth of the process from morning to night, including all text
MAX_ROWS = 4 * COMPACT_AFTER


def all_saved(writers: list[CrowdPeer]) -> bool:
    return all(writer.has_saved for writer in writers)


def test_two_hundred_people_come_and_go_and_the_room_stays_small(
    start_server: Callable[..., AppServer], database: Database, crowd: Crowd, is_short: bool
) -> None:
    server = start_server(database.url, COMPACT_AFTER_UPDATES=str(COMPACT_AFTER))
    url = socket_of(server)
    crowd.join(2, url, pause=0.05)
    crowd.wait(1)
    morning = server.resident_bytes
    most_rows = most = 0
    hours, people = (SHORT_HOURS, SHORT_PEOPLE) if is_short else (HOURS, PEOPLE)
    for hour in range(hours):
        newcomers = crowd.join(people // hours, url, pause=0.1)
        crowd.pause(newcomers[::2])  # these only read from now on
        crowd.wait(1)
        leaving = random.sample(crowd.writers[2:], len(crowd.writers) - 2 - len(newcomers) // 2)
        crowd.pause(leaving)
        crowd.until(partial(all_saved, leaving), "who leaves has saved")
        crowd.leave(leaving)
        rows, snapshot = row_counts(database)
        most_rows, most = max(most_rows, rows), max(most, server.resident_bytes)
        print(f"hour {hour + 1}: {rows} rows, snapshot of {snapshot} B, {server.resident_bytes / MEBIBYTE:.0f} MiB")
    crowd.expect_converged()
    crowd.expect_nothing_lost(url)
    night = server.resident_bytes
    print(
        f"memory: {morning / MEBIBYTE:.0f} MiB in the morning, {most / MEBIBYTE:.0f} at most, {night / MEBIBYTE:.0f}"
    )
    assert most_rows < MAX_ROWS
    assert night - morning < MAX_GROWTH
