"""Redis dies, hangs, forgets, and messages go astray. Everybody writes on, and sees the others (G3)."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from e2e.faults.conftest import socket_of
from e2e.faults.crowd import Crowd, CrowdPeer
from tools.app_server import AppServer
from tools.redis import RedisServer

pytestmark = pytest.mark.chapter(10)

PEOPLE = 6
NOTE_FORGOTTEN = re.compile(r"forgotten channels_yjs\.\d")


@pytest.fixture
def crowd_on_both(sqlite_pair: list[AppServer], crowd: Crowd) -> Crowd:
    crowd.join(PEOPLE, *map(socket_of, sqlite_pair), pause=0.1)
    return crowd


def expect_words_cross(crowd: Crowd) -> None:
    """A word that each types now reaches everybody, on either process, with Redis or without."""
    words = crowd.do(lambda: {writer.type_word() for writer in crowd.writers})
    crowd.until(lambda: all(writer.words >= words for writer in crowd.writers), "words cross between processes")


@contextmanager
def killed(redis: RedisServer) -> Iterator[None]:
    redis.kill()
    yield
    redis.start()


@contextmanager
def frozen(redis: RedisServer) -> Iterator[None]:
    redis.freeze()
    yield
    redis.thaw()


@pytest.mark.parametrize("fault", [killed, frozen])
def test_while_redis_is_away_everyone_writes_on_and_sees_the_others(
    crowd_on_both: Crowd,
    redis: RedisServer,
    fault: Callable[[RedisServer], AbstractContextManager[None]],
    is_short: bool,
) -> None:
    seconds = 6 if is_short else 30
    with fault(redis):
        back_at = time.monotonic() + seconds
        while time.monotonic() < back_at:
            expect_words_cross(crowd_on_both)
    expect_words_cross(crowd_on_both)
    crowd_on_both.expect_converged()
    assert not [code for writer in crowd_on_both.writers for code in writer.closed]


def test_redis_is_killed_and_is_back_at_once(crowd_on_both: Crowd, redis: RedisServer) -> None:
    for _ in range(3):
        redis.kill()
        redis.start()
        expect_words_cross(crowd_on_both)
    crowd_on_both.expect_converged()


def test_redis_throws_everybody_out(crowd_on_both: Crowd, redis: RedisServer) -> None:
    for kind in ("pubsub", "normal"):
        with socket.create_connection(("127.0.0.1", redis.port)) as line:
            line.sendall(f"CLIENT KILL TYPE {kind} SKIPME yes\r\n".encode())
            assert line.recv(64).startswith(b":")
        expect_words_cross(crowd_on_both)
    crowd_on_both.expect_converged()


@pytest.mark.parametrize("layer", ["unreliable", "forgetful"])
def test_rings_go_astray(
    start_server: Callable[..., AppServer],
    database_url: Callable[[], str],
    redis: RedisServer,
    crowd: Crowd,
    layer: str,
) -> None:
    url = database_url()
    settings = {"DJANGO_SETTINGS_MODULE": f"e2e.faults.{layer}"}
    servers = [start_server(url, redis.url, **settings) for _ in range(2)]
    crowd.join(PEOPLE, *map(socket_of, servers), pause=0.1)
    for _ in range(3):
        crowd.wait(1)
        expect_words_cross(crowd)
    crowd.expect_converged()


def test_a_layer_that_forgets_its_groups_is_told_of_them_again(
    start_server: Callable[..., AppServer], database_url: Callable[[], str], redis: RedisServer, crowd: Crowd
) -> None:
    """Seen by who is here, of which only rings tell: words are in the log, at which each process looks anyway."""
    url = database_url()
    settings = {"DJANGO_SETTINGS_MODULE": "e2e.faults.forgetful", "CHECK_LOG_SECONDS": "0.1"}
    servers = [start_server(url, redis.url, **settings) for _ in range(2)]
    ada, grace = crowd.join(2, *map(socket_of, servers), writes=False)
    crowd.until_true(lambda: all(NOTE_FORGOTTEN.search(server.log) for server in servers), "the layer forgets both")

    def hears(who: CrowdPeer, other: CrowdPeer, already: int) -> bool:
        other.say_hello()
        return not who.greeted.isdisjoint(other.greetings[already:])

    for who, other in ((ada, grace), (grace, ada)):
        crowd.until(partial(hears, who, other, len(other.greetings)), f"{who.name} hears who is in the other process")
