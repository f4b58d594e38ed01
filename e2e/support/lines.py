"""WebSockets of scripts, which wait as long as a busy machine needs. The library itself gives up after ten seconds,
and after twenty without an answer to a ping."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from websockets.asyncio import client
from websockets.sync.client import ClientConnection, connect

from tools.patience import patience

LOOK_AGAIN_SECONDS = 0.005
T = TypeVar("T")


def socket_of(note: str) -> str:
    """The address of a note's WebSocket, from that of its page."""
    return note.replace("http:", "ws:").replace("/notes/", "/ws/notes/").rstrip("/")


def patient(url: str, **options: Any) -> ClientConnection:
    """Not for TLS: it reads in a thread of its own, and Python's SSL sockets do not take both at once. What comes is
    read at once: behind a full queue, the server's goodbye would be waited for in vain for ten seconds."""
    line: ClientConnection = connect(url, **_with_patience({"max_queue": None, **options}))
    return line


def patient_async(url: str, **options: Any) -> client.connect:
    return client.connect(url, **_with_patience(options))


def _with_patience(options: dict[str, Any]) -> dict[str, Any]:
    return {"proxy": None, "open_timeout": patience.script_seconds, "ping_interval": None, **options}


def run_apart(story: Coroutine[Any, Any, T]) -> T:
    """Runs a story in a thread of its own, because Playwright leaves an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, story).result()


async def eventually(condition: Callable[[], bool], claim: str) -> None:
    """Waits for what must come true soon."""
    try:
        async with asyncio.timeout(patience.claim_seconds):
            while not condition():  # noqa: ASYNC110 - it spans replicas, and none of them has an event for it
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise AssertionError(f"This did not come true: {claim}") from None
