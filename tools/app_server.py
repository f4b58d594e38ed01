"""The app as a real process of Daphne or another ASGI server, with a database of its own."""

import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from . import forked
from .process import ServerProcess

REPOSITORY = Path(__file__).parents[1]
APPLICATION = "realtime_notes.asgi:application"
# By default Daphne drops the connection at 1 MiB, without a code, and a browser reconnects for ever. This is above
# MAX_FRAME_BYTES, so that the app refuses the frame, with 4413.
MAX_WEBSOCKET_BYTES = 16 * 1024 * 1024
# The listen backlog. Twisted's default of 50 is too small for a crowd that reconnects: the 51st would wait a full
# second.
MAX_NEWCOMERS = 1024
ANSWER_SECONDS = 30.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never asks a proxy for this machine


class AppServer(ServerProcess):
    name = "daphne"
    # Options of one that drops nobody by itself. Usually it gives an app 5 seconds to accept a connection, and a
    # client 50 to answer a ping: then a slow machine decides what becomes of them, and not the app.
    unhurried: Sequence[str] = (
        *("--ping-interval", "3600", "--ping-timeout", "7200"),
        *("--websocket_connect_timeout", "3600", "--application-close-timeout", "3600"),
    )

    def __init__(
        self,
        database_url: str = "",
        redis_url: str = "",
        port: int | None = None,
        project: Path = REPOSITORY,
        settings: Mapping[str, str] | None = None,
        options: Sequence[str] | None = None,
        interface: str = "127.0.0.1",
        application: str = APPLICATION,
    ) -> None:
        super().__init__(port)
        chosen = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **(settings or {})}
        self.settings = {name: value for name, value in chosen.items() if value}
        self.project = project
        self.options = self.unhurried if options is None else options  # of the server's command line
        self.interface = interface  # the address at which it listens; 0.0.0.0 for all
        self.application = application

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def migrate(self) -> None:
        """Brings the database up to date. Prints what Django prints, if that fails."""
        if self.manage("migrate", "--verbosity", "0"):
            raise SystemExit("The migrations failed; see the message above.")

    def collect_static_files(self) -> None:
        """Collects them into this server's STATIC_ROOT, without the admin's, which take longer than all others."""
        if self.manage("collectstatic", "--no-input", "--verbosity", "0", "--ignore", "admin"):
            raise SystemExit("The static files could not be collected; see the message above.")

    def manage(self, *arguments: str) -> int:
        """Runs a management command on this server's database, and returns its exit code."""
        return forked.run([sys.executable, "manage.py", *arguments], self.project, self.environment())

    def command(self) -> Sequence[str]:
        if not serves_static_files(self.project):
            return runserver(f"{self.interface}:{self.port}", self.project)
        sizes = [f"--websocket-max-{what}-size={MAX_WEBSOCKET_BYTES}" for what in ("message", "frame")]
        endpoint = f"tcp:port={self.port}:interface={self.interface}:backlog={MAX_NEWCOMERS}"
        return [sys.executable, "-m", "daphne", "-e", endpoint, *sizes, *self.options, self.application]

    def environment(self) -> Mapping[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        return {**with_engine(inherited), "PYTHONUNBUFFERED": "1", **self.settings}

    def directory(self) -> Path:
        return self.project

    def is_ready(self) -> bool:
        # A server that trusts its proxy would otherwise send us away to HTTPS.
        request = urllib.request.Request(f"{self.url}/", headers={"X-Forwarded-Proto": "https"})
        try:
            DIRECT.open(request, timeout=ANSWER_SECONDS).close()
        except urllib.error.HTTPError:
            return True  # an error page is an answer, too
        except OSError:
            return False
        return True


class RunningServer(AppServer):
    """A server that another process has started, and will stop."""

    def __init__(self, database_url: str, port: int, log_path: Path, project: Path) -> None:
        super().__init__(database_url, port=port, project=project)
        self._others_log_path = log_path

    @property
    def log(self) -> str:
        return self._others_log_path.read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return True

    def start(self) -> Self:
        return self


class UvicornServer(AppServer):
    name = "uvicorn"
    unhurried = ("--ws-ping-interval", "3600", "--ws-ping-timeout", "7200")

    def command(self) -> Sequence[str]:
        size = f"--ws-max-size={MAX_WEBSOCKET_BYTES}"
        return [
            sys.executable,
            *uvicorn(self.application, str(self.port)),
            "--host",
            self.interface,
            size,
            *self.options,
        ]


class ServerWithWorker(AppServer):
    """A server whose worker is a process of its own, which would outlive it."""

    unhurried = ()

    def kill(self) -> None:
        if self.is_running:
            with suppress(ProcessLookupError):  # it has ended since
                os.killpg(self.pid, signal.SIGKILL)
        super().kill()


class HypercornServer(ServerWithWorker):
    name = "hypercorn"

    def stop(self) -> None:
        """With Python 3.12 and newer it waits until everybody has left: for a page, that is without end."""
        if sys.version_info >= (3, 12):
            self.kill()
        else:
            super().stop()

    def command(self) -> Sequence[str]:
        address = f"{self.interface}:{self.port}"
        return [sys.executable, "-m", "hypercorn", "--bind", address, *self.options, APPLICATION]


class GranianServer(ServerWithWorker):
    name = "granian"

    def command(self) -> Sequence[str]:
        where = ["--host", self.interface, "--port", str(self.port)]
        return [sys.executable, "-m", "granian", "--interface", "asginl", *where, *self.options, APPLICATION]


def with_engine(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for a project elsewhere, whose reader has installed channels_yjs: here it is the kit's own. A
    project's modules come first, since Python looks in its folder first."""
    path = [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []
    return {**environment, "PYTHONPATH": os.pathsep.join([*path, str(REPOSITORY)])}


def serves_static_files(project: Path) -> bool:
    """Whether it does. In the tutorial's first chapters only `runserver` does; the app itself from the fourth on."""
    settings = project / "realtime_notes" / "settings.py"
    return settings.exists() and "servestatic" in settings.read_text(encoding="utf-8")


def runserver(address: str, project: Path, python: str = sys.executable) -> list[str]:
    """The command. Daphne's gives an app five seconds to accept a connection; this one, as many as it needs."""
    settings = next(project.glob("*/settings.py"), None)
    has_daphne = settings is not None and '    "daphne",' in settings.read_text(encoding="utf-8")
    patience = ["--websocket_handshake_timeout", "3600"] if has_daphne else []
    return [python, "manage.py", "runserver", "--noreload", *patience, address]


def uvicorn(application: str, port: str) -> list[str]:
    """The arguments for Python. Sans-I/O WebSockets are the fastest, and compressing small frames only costs."""
    sockets = ["--ws", "websockets-sansio", "--ws-per-message-deflate", "false"]
    return ["-m", "uvicorn", application, "--port", port, *sockets]
