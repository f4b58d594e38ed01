"""The app as a real Daphne process, with a database of its own."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from .process import ServerProcess

REPOSITORY = Path(__file__).parents[1]


class AppServer(ServerProcess):
    name = "daphne"

    def __init__(
        self,
        database_url: str = "",
        redis_url: str = "",
        port: int | None = None,
        project: Path = REPOSITORY,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(port)
        chosen = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **(settings or {})}
        self.settings = {name: value for name, value in chosen.items() if value}
        self.project = project

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def migrate(self) -> None:
        """Brings the database up to date. Prints what Django prints, if that fails."""
        if self.manage("migrate", "--verbosity", "0"):
            raise SystemExit("The database could not be brought up to date; see the message above.")

    def manage(self, *arguments: str) -> int:
        """Runs a management command on this server's database, and returns its exit code."""
        command = [sys.executable, "manage.py", *arguments]
        environment = dict(self.environment())
        result = subprocess.run(command, cwd=self.project, env=environment, stdin=subprocess.DEVNULL, check=False)
        return result.returncode

    def command(self) -> Sequence[str]:
        application = "realtime_notes.asgi:application"
        return [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), application]

    def environment(self) -> Mapping[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        return {**inherited, "PYTHONUNBUFFERED": "1", **self.settings}

    def directory(self) -> Path:
        return self.project

    def is_ready(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/", timeout=5).close()
        except urllib.error.HTTPError:
            return True  # an answer, if not a friendly one
        except OSError:
            return False
        return True
