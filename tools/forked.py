"""Starts Python programs by way of a fork server, where one has been provided: several hundred servers and
test runs in a run of the tests.

Only `python -m module …` and `python script.py …` are started like that, by the same Python and with its usual
settings. Whoever asks for something else, or without a fork server, is told so, and starts it in the usual way.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SOCKET = "FORK_SERVER"  # the environment variable with the path of its socket; if it is empty, there is to be none
# What a fork server has imported, pytest can't change any more; nothing of it has assertions that would be explained.
PYTEST = [sys.executable, "-m", "pytest", "-W", "ignore:Module already imported"]
TAKEN_OVER = {"PYTHONPATH", "PYTHONUNBUFFERED"}  # of the environment; all else has an effect at Python's start only


def provide() -> Callable[[], None]:
    """Starts a fork server for this process and those that it starts, if they have none yet. Returns what ends it."""
    if SOCKET in os.environ or not knows_ends():
        return lambda: None
    folder = tempfile.TemporaryDirectory(prefix="realtime-notes-forks-")
    path = str(Path(folder.name) / "socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        try:
            listener.bind(path)
        except OSError:  # the folder for temporary files has too long a path
            folder.cleanup()
            return lambda: None
        os.environ[SOCKET] = path
        listener.listen(128)
        command = [sys.executable, "-u", str(Path(__file__).with_name("fork_server.py"))]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        server = subprocess.Popen(command, stdin=listener.fileno(), env=environment, start_new_session=True)

    def end() -> None:
        server.kill()
        server.wait()
        del os.environ[SOCKET]
        folder.cleanup()

    return end


def knows_ends() -> bool:
    """Whether a fork server hears of the ends of its processes: by Linux, unless that is old or does not let it."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return sys.platform == "linux"


class Forked:
    """What is used here of `subprocess.Popen`, for a process that a fork server has started."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.pid = int(line.recv(32))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._hear(0)

    def wait(self, timeout: float | None = None) -> int:
        if (code := self._hear(timeout)) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended since
                os.kill(self.pid, number)

    def _hear(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                said = self._line.recv(32)
            except (BlockingIOError, TimeoutError):
                return None
            self._line.close()
            self.returncode = int(said or -signal.SIGKILL)  # nothing is said if the fork server was killed
        return self.returncode


def run(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], output: int = 1, errors: int = 2
) -> int:
    """Waits until the program has ended, and returns its exit code. It prints where this one does, or to files."""
    return launch(command, directory, environment, output, errors).wait()


def output_of(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], seconds: float
) -> tuple[int, str]:
    """The exit code of a program, and all that it prints. Raises subprocess.TimeoutExpired, and then it has ended."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as printed:
        process = launch(command, directory, environment, printed.fileno(), printed.fileno())
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
            process.wait()
        printed.seek(0)
        return code, printed.read()


def launch(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], output: int, errors: int
) -> subprocess.Popen[bytes] | Forked:
    """The process, started in one way or the other."""
    return start(command, directory, environment, output, errors) or subprocess.Popen(
        command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors
    )


def start(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], output: int, errors: int
) -> Forked | None:
    """The process, in a session of its own. None if it can't be started by fork."""
    if not (address := os.environ.get(SOCKET)) or not can_be_forked(command, environment):
        return None
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asked = {
        "command": command[1:],
        "directory": str(directory.absolute()),
        "environment": dict(environment),
        "niceness": os.nice(0),  # as it would inherit it
    }
    try:
        line.connect(address)
        socket.send_fds(line, [json.dumps(asked).encode()], [output, errors])
        return Forked(line)
    except (OSError, ValueError):  # it has ended, perhaps before it answered
        line.close()
        return None


def can_be_forked(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    changed = {name for name in {*environment, *os.environ} if environment.get(name) != os.environ.get(name)}
    is_usual = not any(name.startswith("PYTHON") for name in changed - TAKEN_OVER)
    return is_usual and command[0] == sys.executable and (command[1] == "-m" or not command[1].startswith("-"))
