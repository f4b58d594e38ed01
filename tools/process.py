"""A server process of our own: started, waited for, killed, frozen, and never left behind.

Standard library only, since the nox sessions import this from an environment that has nothing else.
"""

import atexit
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from . import forked

try:
    import fcntl
except ImportError:  # no Unix
    fcntl = None  # type: ignore[assignment]

PORTS = (20_000, 32_000)
MOST_TRIES = 500  # to find one that is free
START_SECONDS = 120.0
STOP_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.02
LOG_TAIL = 4000  # characters of a process's output to show when it fails
# Becomes the server after asking Linux to kill it when the thread that started it ends, however that happens. This is
# no `preexec_fn`: since Python 3.12 forking a process with threads gives a warning.
DIE_WITH_PARENT = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


_reserved: dict[int, IO[str]] = {}  # by port, files whose locks are kept
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has the second alone, and ends a process by it at once


class ProcessError(Exception):
    """A process did not start or did not stop. The message ends with what it printed last."""


def free_port() -> int:
    """A port below those for outgoing connections, one of which might be taken before the server has it. It belongs
    to this process until it is given back, also while no server listens: others of ours look for ports meanwhile."""
    for port in random.SystemRandom().sample(range(*PORTS), MOST_TRIES):
        if reserve(port):
            return port
    raise ProcessError(f"No port of 127.0.0.1 from {PORTS[0]} to {PORTS[1]} could be taken, in {MOST_TRIES} tries.")


def reserve(port: int) -> bool:
    """Takes a port for this process, if it is free."""
    folder = Path(tempfile.gettempdir()) / f"realtime-notes-ports-{getattr(os, 'getuid', int)()}"
    folder.mkdir(exist_ok=True)
    file = (folder / str(port)).open("w")
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_free = not is_taken(port)
    except OSError:
        is_free = False
    if is_free:
        _reserved[port] = file
    else:
        file.close()
    return is_free


def give_back(port: int) -> None:
    if file := _reserved.pop(port, None):
        file.close()


def is_taken(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would let two listen on one port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False


def accepts_connections(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS):
        return True
    return False


class ServerProcess(ABC):
    """Subclasses say what to run and when it is ready."""

    name = "server"
    stop_signal = signal.SIGTERM

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | forked.Forked | None = None
        handle, path = tempfile.mkstemp(prefix=f"{self.name}-", suffix=".log")
        os.close(handle)
        self.log_path = Path(path)
        atexit.register(self.discard)

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def directory(self) -> Path:
        return Path.cwd()

    @abstractmethod
    def is_ready(self) -> bool: ...

    @property
    def log(self) -> str:
        """Everything that the process has printed, over all its starts."""
        return self.log_path.read_text(errors="replace")

    @property
    def pid(self) -> int:
        if not self._process:
            raise ProcessError(f"{self.name} has not been started.")
        return self._process.pid

    @property
    def resident_bytes(self) -> int:
        """How much of the process is in memory; 0 if it has ended."""
        status = Path(f"/proc/{self.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else [f"VmRSS: {self._ps('rss') or 0} kB"]
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)

    @property
    def cpu_seconds(self) -> float:
        """How long the process has worked; 0 if it has ended."""
        stat = Path(f"/proc/{self.pid}/stat")
        if stat.exists():
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]
            return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        seconds = 0.0
        for part in (self._ps("time") or "0").replace("-", ":").split(":"):  # minutes and seconds, or more
            seconds = 60 * seconds + float(part)
        return seconds

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        directory, environment = self.directory(), dict(self.environment())
        with self.log_path.open("ab") as log:
            by_fork = forked.start(self.command(), directory, environment, log.fileno(), log.fileno())
            self._process = by_fork or subprocess.Popen(
                self._leashed_command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=environment,
                start_new_session=True,  # Ctrl-C goes to the starter only, which then stops it in order
            )
        self._wait_until_ready()
        return self

    def kill(self) -> None:
        """Does the same as `kill -9`: the process gets no chance to do anything more."""
        self._signal(KILL)
        self._wait(None)

    def stop(self) -> None:
        """Asks the process to end and waits until it has."""
        self._signal(self.stop_signal)
        try:
            self._wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessError(f"{self.name} did not stop within {STOP_SECONDS} s.\n{self._tail()}") from None

    def freeze(self) -> None:
        """Not on Windows."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if hasattr(signal, "SIGCONT"):  # Windows freezes nothing
            self._signal(signal.SIGCONT)

    def discard(self) -> None:
        """Ends it for good, and gives back its port and its log."""
        atexit.unregister(self.discard)
        self.thaw()
        self.kill()
        self.log_path.unlink(missing_ok=True)
        give_back(self.port)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.discard()

    def _leashed_command(self) -> Sequence[str]:
        """Makes the server end with its starter. Except on Linux only `atexit` does that, so not after kill -9."""
        if sys.platform != "linux":
            return self.command()
        return [sys.executable, "-I", "-S", "-c", DIE_WITH_PARENT, *self.command()]

    def _ps(self, column: str) -> str:
        """What a system without /proc says of the process."""
        command = ["ps", "-o", f"{column}=", "-p", str(self.pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def _signal(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def _wait(self, seconds: float | None) -> None:
        if self._process:
            self._process.wait(seconds)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if not self.is_running:
                raise ProcessError(f"{self.name} ended while it was starting.\n{self._tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ProcessError(f"{self.name} was not ready within {START_SECONDS} s.\n{self._tail()}")
            time.sleep(LOOK_AGAIN_SECONDS)

    def _tail(self) -> str:
        return self.log[-LOG_TAIL:]
