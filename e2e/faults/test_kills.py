"""kill -9 and rolling restarts while everybody writes, code among them. Nobody loses a word that anybody was shown
(G1, G2, G4, G10)."""

import random
import time
from collections.abc import Callable

import pytest

from e2e.faults.conftest import WRITERS, Database, code, socket_of
from e2e.faults.crowd import Crowd
from tools.app_server import AppServer

pytestmark = pytest.mark.chapter(10)

GOODBYES = {1000, 1001, 1006, 1012, 4503}


def write_for_a_moment() -> None:
    time.sleep(random.uniform(0.05, 0.8))


def test_a_server_killed_at_any_moment_loses_nothing_that_anyone_was_shown(
    one_server: AppServer, start_server: Callable[..., AppServer], database: Database, crowd: Crowd, moments: int
) -> None:
    crowd.join(WRITERS, socket_of(one_server))
    for _ in range(moments):
        write_for_a_moment()
        one_server.kill()
        crowd.until(lambda: not any(writer.is_synced for writer in crowd.writers), "all have read what had come")
        owed = crowd.owed
        alone = start_server(database.url)  # of which no writer knows: they would bring back what is lost
        crowd.expect_nothing_lost(socket_of(alone), owed=owed)
        alone.kill()
        one_server.start()
        crowd.until(lambda: any(writer.is_synced for writer in crowd.writers), "somebody is back")
    crowd.expect_converged()
    assert len(crowd.owed) > moments


def test_processes_killed_one_by_one_or_all_at_once_lose_nothing(
    pair: list[AppServer], crowd: Crowd, moments: int
) -> None:
    urls = [socket_of(server) for server in pair]
    crowd.join(WRITERS, *urls)
    for moment in range(moments):
        write_for_a_moment()
        killed = pair if moment % 3 == 2 else [random.choice(pair)]
        for server in killed:
            server.kill()
        owed = crowd.owed
        for server in killed:
            server.start()
        crowd.expect_nothing_lost(*urls, owed=owed)
        crowd.until(lambda: any(writer.is_synced for writer in crowd.writers), "somebody is back")
    crowd.expect_converged()


def test_code_that_edits_and_saves_while_processes_are_killed_loses_and_doubles_nothing(
    pair: list[AppServer], crowd: Crowd, moments: int
) -> None:
    urls = [socket_of(server) for server in pair]
    crowd.join(WRITERS, *urls)
    with code("code", pair[0]) as robot:
        for _ in range(moments):
            write_for_a_moment()
            killed = random.choice(pair)
            killed.kill()
            owed = crowd.owed
            killed.start()
            crowd.expect_nothing_lost(*urls, owed=owed)
            crowd.until(lambda: any(writer.is_synced for writer in crowd.writers), "somebody is back")
        by_code = robot.communicate("\n")[0].split()
    assert robot.returncode == 0
    crowd.expect_converged(by_code)
    assert len(by_code) > moments


def test_a_rolling_restart_loses_nothing_and_sends_nobody_away_for_good(pair: list[AppServer], crowd: Crowd) -> None:
    urls = [socket_of(server) for server in pair]
    crowd.join(WRITERS, *urls)
    for server in pair * 2:
        write_for_a_moment()
        server.stop()
        crowd.expect_nothing_lost(*(url for url in urls if f":{server.port}/" not in url))
        crowd.until(lambda: all(writer.is_synced for writer in crowd.writers), "all go on by the other process")
        server.start()
    crowd.expect_converged()
    assert {code for writer in crowd.writers for code in writer.closed} <= GOODBYES
