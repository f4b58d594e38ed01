"""The servers that are compared, each started as in its own documentation, and all pinned to one core.

A contestant knows its processes and the address of a note. It knows nothing of what is measured.
"""

import atexit
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from tools.app_server import AppServer, UvicornServer, uvicorn
from tools.notes_over_http import create_note_over_http
from tools.postgres import PostgresServer
from tools.process import ServerProcess, accepts_connections
from tools.redis import RedisServer
from tools.sqlite import url_of

HERE = Path(__file__).parent
SERVER_CORE, LOAD_CORE = 0, 1
# DEBUG is off, as in production: otherwise Django has SQLite format each query again for its log.
PRODUCTION = {
    "DEBUG": "off",
    "SECRET_KEY": "only-for-the-benchmark",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "off",
    "LOG_LEVEL": "WARNING",
}
# A load generator is one address that floods, which is exactly what these limits stop.
NO_LIMITS = dict.fromkeys(
    ["MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS", "MAX_CONNECTS_PER_SECOND", "MAX_FRAMES_PER_SECOND"], "1000000"
)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Processes started meanwhile run on this core only, if the machine has more than one and lets us choose."""
    if not hasattr(os, "sched_setaffinity") or core not in os.sched_getaffinity(0):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@functools.cache
def collected_static_files() -> str:
    folder = tempfile.mkdtemp(prefix="static-")
    atexit.register(shutil.rmtree, folder)
    AppServer(settings={"STATIC_ROOT": folder}).collect_static_files()
    return folder


class Contestant:
    """Subclasses say which processes serve, and where a note is."""

    name: str
    syncs = True  # answers sync step 1
    # The cases that make no sense for it: most servers have no page, and know no rights.
    skips: Collection[str] = ("slow-line", "rights")

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.processes: list[ServerProcess] = []
        self._notes = 0

    def __enter__(self) -> Self:
        with pinned(SERVER_CORE):
            self.start(self._stack)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def start(self, stack: ExitStack) -> None:
        raise NotImplementedError

    def note(self) -> dict[str, Any]:
        """Returns a note that nobody has opened: the addresses of its WebSocket, and its name in the frames."""
        self._notes += 1
        return self.address(f"bench{self._notes}")

    def address(self, name: str) -> dict[str, Any]:
        return {"urls": [f"ws://127.0.0.1:{self.processes[0].port}/{name}"], "name": ""}


class Program(ServerProcess):
    """A server that needs nothing but a command with its port in it."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        super().__init__()
        self._command = [part.format(port=self.port) for part in command]
        self._environment = {k: v.format(port=self.port) for k, v in (environment or {}).items()}

    def command(self) -> Sequence[str]:
        return self._command

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **self._environment}

    def is_ready(self) -> bool:
        return accepts_connections(self.port)


class App(Contestant):
    server: type[AppServer] = AppServer
    count = 1
    skips: Collection[str] = ()

    def start(self, stack: ExitStack) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.start_servers(stack, url_of(folder / "db.sqlite3"))

    def start_servers(self, stack: ExitStack, database: str, redis: str = "") -> None:
        AppServer(database).migrate()
        settings = {**PRODUCTION, **NO_LIMITS, "STATIC_ROOT": collected_static_files()}
        for _ in range(self.count):
            self.processes.append(stack.enter_context(self.server(database, redis, settings=settings)))

    def page(self) -> str:
        """The address of a note's page."""
        return create_note_over_http(self.servers[0].url)

    def address(self, name: str) -> dict[str, Any]:
        note_id = self.page().rstrip("/").rpartition("/")[2]
        return {"urls": [f"ws://127.0.0.1:{server.port}/ws/notes/{note_id}" for server in self.servers], "name": ""}

    @property
    def servers(self) -> list[AppServer]:
        return [process for process in self.processes if isinstance(process, AppServer)]


class AppUnderDaphne(App):
    name = "this app, Daphne"
    skips = ("rights",)  # it serves the example by `runserver` only


class AppUnderUvicorn(App):
    name = "this app, uvicorn"
    server = UvicornServer


class TwoProcesses(App):
    name = "this app, 2 × uvicorn"
    server = UvicornServer
    count = 2
    skips = ("slow-line", "rights")  # these have a server of their own

    def start(self, stack: ExitStack) -> None:
        database, redis = stack.enter_context(PostgresServer()), stack.enter_context(RedisServer())
        self.start_servers(stack, database.url("postgres"), redis.url)
        self.processes += [database, redis]


class YWebsocketServer(Contestant):
    name = "@y/websocket-server"

    def start(self, stack: ExitStack) -> None:
        program = HERE / "node_modules" / "@y" / "websocket-server" / "src" / "server.js"
        environment = {"PORT": "{port}", "HOST": "127.0.0.1"}
        self.processes.append(stack.enter_context(Program("y-websocket", [node(), str(program)], environment)))


class Hocuspocus(Contestant):
    name = "@hocuspocus/server"

    def start(self, stack: ExitStack) -> None:
        command = [node(), str(HERE / "hocuspocus.mjs"), "{port}"]
        self.processes.append(stack.enter_context(Program("hocuspocus", command)))

    def address(self, name: str) -> dict[str, Any]:
        return {**super().address(name), "name": name}


class PycrdtWebsocket(Contestant):
    name = "pycrdt-websocket"

    def start(self, stack: ExitStack) -> None:
        command = [sys.executable, *uvicorn("bench.pycrdt_server:application", "{port}")]
        self.processes.append(stack.enter_context(Program("pycrdt", command)))


class Naive(Contestant):
    name = "naive consumer"
    syncs = False
    # It has no note that anyone could join; and the in-memory layer looks through all channels for each newcomer to a
    # group, so that 5 000 of them take five minutes.
    skips = ("join", "idle", "slow-line", "rights")

    def start(self, stack: ExitStack) -> None:
        command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "bench.naive:application"]
        self.processes.append(stack.enter_context(Program("naive", command)))


CONTESTANTS: dict[str, type[Contestant]] = {
    "uvicorn": AppUnderUvicorn,
    "daphne": AppUnderDaphne,
    "two": TwoProcesses,
    "y-websocket": YWebsocketServer,
    "hocuspocus": Hocuspocus,
    "pycrdt": PycrdtWebsocket,
    "naive": Naive,
}


def node() -> str:
    found = shutil.which("node")
    if not found:
        raise SystemExit("The load generator needs Node, which is not on PATH. Start it with: nox -s bench")
    return found
