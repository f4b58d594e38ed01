"""Rights change while everybody writes, code among them, and processes are killed. Nobody sees or changes what they
may not, in any process, and nobody else loses a word (G10, G11)."""

import asyncio
import random
import subprocess
import time
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed

from channels_yjs.testing.client import Client
from channels_yjs.wire.messages import (
    CloseCode,
    Message,
    SyncStep1,
    SyncStep2,
    decode,
    encode,
)
from e2e.faults.conftest import WRITERS, Database, code, socket_of
from e2e.faults.crowd import Crowd, CrowdPeer, credentials
from e2e.support.lines import patient_async
from tools.app_server import AppServer
from tools.patience import patience
from tools.redis import RedisServer

pytestmark = pytest.mark.chapter(10)

AGAIN = {CloseCode.TRY_AGAIN, 1006, 1012}
RING_AGAIN_SECONDS = 10.0
STATES = ["write", "read", "none", "logout"]
SETTINGS = {
    "RECHECK_SECONDS": "86400",  # only a ring says that rights have changed
    "SECRET_KEY": "only-for-this-test",  # for sessions that all processes know
}


class ServerWithRights(AppServer):
    def __init__(self, *arguments: str, **options: object) -> None:
        super().__init__(*arguments, application="e2e.faults.with_rights:application", **options)  # type: ignore[arg-type]


@pytest.fixture
def pair(start_server: Callable[..., AppServer], database: Database, redis: RedisServer) -> list[AppServer]:
    return [start_server(database.url, redis.url, kind=ServerWithRights, **SETTINGS) for _ in range(2)]


def tell(rights: subprocess.Popen[str], who: str, what: str) -> str:
    """Returns what it answers, after the commit."""
    assert rights.stdin
    assert rights.stdout
    rights.stdin.write(f"{who} {what}\n")
    rights.stdin.flush()
    answer = rights.stdout.readline().strip()
    assert answer, "the code has ended"
    return answer


async def knock(url: str, session: str, word: str) -> tuple[list[Message], int]:
    """Somebody who asks for everything, and writes a word, at one process. Returns what came, and the close code."""
    writer, said, heard = Client("body"), list[Message](), list[Message]()
    writer.say = said.append
    writer.type(word)
    async with asyncio.timeout(patience.script_seconds):
        async with patient_async(url, max_size=None, **credentials(url, session)) as line:
            try:
                for message in (SyncStep1(b"\x00"), *said):
                    await line.send(encode(message))
                while True:
                    frame = await line.recv()
                    assert isinstance(frame, bytes)
                    heard.append(decode(frame))
            except ConnectionClosed as closed:
                return heard, closed.rcvd.code if closed.rcvd else 1006


def expect_shut_out(crowd: Crowd, urls: list[str], who: CrowdPeer, state: str) -> None:
    """In every process: gets nothing, or only what readers get, and is sent away for writing. Where the server is
    slow, or the line breaks, it is asked again."""
    for url in urls:
        code = 0
        while code != CloseCode.NOT_ALLOWED:
            heard, code = crowd.run(knock(url, who.session, f"<forged-by-{who.name}>"))
            assert code in (CloseCode.NOT_ALLOWED, *AGAIN)
            assert state == "read" or not heard
        assert state != "read" or any(isinstance(message, SyncStep2) for message in heard)


def until_told(crowd: Crowd, rights: subprocess.Popen[str], condition: Callable[[], bool], claim: str) -> None:
    """Waits, and rings again now and then: Redis may lose a ring if the machine stalls."""
    rung = time.monotonic()

    def is_true() -> bool:
        nonlocal rung
        if time.monotonic() - rung > RING_AGAIN_SECONDS:
            tell(rights, "everybody", "recheck")
            rung = time.monotonic()
        return bool(crowd.do(condition))

    crowd.until_true(is_true, claim)


def let_in(crowd: Crowd, rights: subprocess.Popen[str], urls: list[str]) -> None:
    """Everybody logs in, and may write."""
    names = [f"w{number}" for number in range(WRITERS)]
    sessions = [tell(rights, name, "login") for name in names]
    for name in names:
        tell(rights, name, "write")
    crowd.join(WRITERS, *urls, sessions=sessions)


def test_rights_that_change_while_processes_are_killed_are_those_that_count(
    pair: list[AppServer], crowd: Crowd, moments: int
) -> None:
    urls = [socket_of(server) for server in pair]
    with code("rights", pair[0]) as rights, code("code", pair[0]) as robot:
        let_in(crowd, rights, urls)
        states = dict.fromkeys(crowd.writers, "write")
        seen: dict[CrowdPeer, set[str]] = {}  # by who is out, the words of others that they had seen by then

        def change(who: CrowdPeer, state: str, killed: AppServer | None = None) -> None:
            before, states[who] = states[who], state
            if before == "logout":
                who.session = tell(rights, who.name, "login")
            if killed:
                killed.kill()
            tell(rights, who.name, state)
            if killed:
                killed.start()
            if before != "write":
                crowd.come_back(who)
            if state == "write":
                until_told(crowd, rights, lambda: who.is_synced, f"{who.name} is back")
                return
            until_told(crowd, rights, lambda: who.is_sent_away, f"{who.name} is sent away: {state}")
            assert who.closed[-1] == CloseCode.NOT_ALLOWED
            words = crowd.do(who.words_of_others)
            assert before == "write" or state == "read" or words == seen[who], "nothing came without the right"
            seen[who] = words
            expect_shut_out(crowd, urls, who, state)

        for moment in range(2 * moments):
            time.sleep(random.uniform(0.05, 0.4))
            who = random.choice(crowd.writers)
            state = random.choice([state for state in STATES if state != states[who]])
            change(who, state, random.choice(pair) if moment % 3 == 2 else None)
        for who in [who for who, state in states.items() if state != "write"]:
            change(who, "write")
        by_code = robot.communicate("\n")[0].split()
        rights.communicate()
    assert robot.returncode == rights.returncode == 0
    crowd.expect_converged(by_code)  # with no word that was forged
    assert len(by_code) > moments


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_nobody_stays_or_gets_in_while_the_table_of_rights_is_locked(
    pair: list[AppServer], database: Database, crowd: Crowd
) -> None:
    """On SQLite a lock keeps nobody from reading."""
    assert database.postgres
    urls = [socket_of(server) for server in pair]
    with code("rights", pair[0]) as rights:
        let_in(crowd, rights, urls)
        with database.postgres.connect(database.name) as connection, connection.transaction():
            connection.execute("LOCK TABLE auth_user_groups IN ACCESS EXCLUSIVE MODE")
            tell(rights, "everybody", "recheck")
            until_told(crowd, rights, lambda: all(writer.closed for writer in crowd.writers), "everybody is out")
            told = {code for writer in crowd.writers for code in writer.closed}
            assert CloseCode.TRY_AGAIN in told <= set(AGAIN)  # who is just sending may not get to read a code
            assert not crowd.has_news()
        crowd.until_news()
        rights.communicate()
    crowd.expect_converged()
    assert not any(writer.is_sent_away for writer in crowd.writers)
