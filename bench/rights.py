"""A right that five hundred of a thousand people lose at once: how soon they are out, and whether others stay.

The document is one of examples/minutes/. All are members, each with an account and a session. Code in another process
takes the right of every second one, and rings once, over Redis.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tools.app_server import REPOSITORY, AppServer
from tools.redis import RedisServer

from .contestants import NO_LIMITS, SERVER_CORE, pinned

NOT_ALLOWED = 4403
NAME = "in_production"
SETTINGS = f"""from minutes.settings import *

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
LOGGING = {{"version": 1, "disable_existing_loggers": False, "root": {{"level": "WARNING"}}}}
YJS_MAX_CONNECTIONS = YJS_MAX_CONNECTIONS_PER_ADDRESS = YJS_MAX_CONNECTS_PER_SECOND = {NO_LIMITS["MAX_CONNECTIONS"]}
YJS_RECHECK_SECONDS = 86400.0
CHANNEL_LAYERS = {{
    "default": {{
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {{"hosts": [{{"address": os.environ["REDIS_URL"], "socket_timeout": None}}]}},
    }}
}}
"""


class Meeting:
    """One with its members, and the server that serves it."""

    def __init__(self, server: AppServer, people: int) -> None:
        self._server = server
        with self._code("create", str(people)) as create:
            assert create.stdout  # noqa: S101
            created = json.loads(create.stdout.readline())
        self.pk: int = created["meeting"]
        self.sessions: list[str] = created["sessions"]

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.port}/ws/meetings/{self.pk}"

    @property
    def pid(self) -> int:
        return self._server.pid

    @contextmanager
    def _code(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "bench.members", *arguments]
        where: dict[str, Any] = {"env": dict(self._server.environment()), "cwd": self._server.project}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **where) as code:
            yield code
        if code.returncode:
            raise SystemExit("The code that changes rights has failed.")

    @contextmanager
    def losing(self) -> Iterator[Callable[[], float]]:
        """A call that takes the right of every second member. It returns when: the seconds of `time.time`."""
        with self._code("lose", str(self.pk)) as lose:
            assert lose.stdin  # noqa: S101
            assert lose.stdout  # noqa: S101
            lose.stdout.readline()  # it is ready: its start takes longer than all else

            def call() -> float:
                print(file=lose.stdin, flush=True)
                return float(lose.stdout.readline()) if lose.stdout else 0.0

            yield call


@contextmanager
def meeting(server: type[AppServer], people: int) -> Iterator[Meeting]:
    with ExitStack() as stack:
        project = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "minutes"
        shutil.copytree(REPOSITORY / "examples" / "minutes", project)
        (project / f"{NAME}.py").write_text(SETTINGS)
        redis = stack.enter_context(RedisServer())
        settings: Mapping[str, str] = {"DJANGO_SETTINGS_MODULE": NAME, "DATABASE": str(project / "db.sqlite3")}
        with pinned(SERVER_CORE):
            serving = server(
                redis_url=redis.url, project=project, settings=settings, application="minutes.asgi:application"
            )
            serving.migrate()
            stack.enter_context(serving)
        yield Meeting(serving, people)


def figures(closes: Sequence[tuple[int, float]], lost_at: float) -> dict[str, Any]:
    """Times in ms since the loss was committed, from the codes of all closed connections and when that was."""
    times = sorted(at - lost_at * 1000 for code, at in closes if code == NOT_ALLOWED)
    counts = {"out": len(times), "sent_away": len(closes) - len(times)}
    return {**counts, "half": times[len(times) // 2], "all": times[-1]} if times else counts
