"""Has imported what servers and browser tests need, and becomes one by fork: a tenth of the work of a start.

`forked.py` runs this on Linux as a program, with a listening socket as its input. It imports nothing of the project
that is to be served, since each has its own settings. Whoever connects sends a command and two files for what it
prints; the answers are a process id and, in the end, an exit code. The process is killed when the connection ends.
"""

import ctypes
import gc
import importlib
import inspect
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import Any

PRELOADED = """
    autobahn.twisted.websocket channels.auth channels.generic.websocket channels.routing channels_redis.core
    channels_redis.pubsub django.core.asgi django.forms django.core.management.commands.migrate
    django.core.management.commands.runserver django.db.backends.sqlite3.base django.template.backends.django
    django.views.generic playwright.sync_api psycopg pycrdt pytest servestatic.middleware slugify
    twisted.internet.asyncioreactor twisted.web.http websockets.asyncio.client
"""
MAX_REQUEST = 1 << 20  # bytes
PR_SET_PDEATHSIG = 1


class ForkServer:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def serve(self) -> dict[str, Any]:
        """Returns in each new process, and only there: what it is to become."""
        while True:
            [(key, _), *_] = self._selector.select()  # one at a time: it may close what the next one is about
            asked: dict[str, Any] | None = key.data()
            if asked:
                return asked

    def _accept(self) -> None:
        asker, _ = self._listener.accept()
        self._selector.register(asker, selectors.EVENT_READ, partial(self._start, asker))

    def _start(self, asker: socket.socket) -> dict[str, Any] | None:
        request, files, *_ = socket.recv_fds(asker, MAX_REQUEST, 2)
        self._selector.unregister(asker)
        if not request:
            asker.close()
            return None
        if not (pid := os.fork()):
            die_with_parent()
            asker.close()
            self._let_go()
            return {**json.loads(request), "files": files}
        for file in files:
            os.close(file)
        with suppress(OSError):  # the asker may have ended
            asker.send(b"%d" % pid)
        ended = os.pidfd_open(pid)
        self._selector.register(asker, selectors.EVENT_READ, partial(self._kill, asker, pid))
        self._selector.register(ended, selectors.EVENT_READ, partial(self._say_end, asker, pid, ended))
        return None

    def _kill(self, asker: socket.socket, pid: int) -> None:
        self._selector.unregister(asker)
        os.kill(pid, signal.SIGKILL)  # it has not been waited for yet, so the number is still its own

    def _say_end(self, asker: socket.socket, pid: int, ended: int) -> None:
        _, status = os.waitpid(pid, 0)
        self._selector.unregister(ended)
        with suppress(KeyError):  # it has been killed
            self._selector.unregister(asker)
        os.close(ended)
        with asker, suppress(OSError):
            asker.send(b"%d" % os.waitstatus_to_exitcode(status))

    def _let_go(self) -> None:
        """Closes what belongs to others; the listener, when another file takes its place."""
        self._listener.detach()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            else:
                os.close(key.fd)
        self._selector.close()


def become(command: list[str], directory: str, environment: dict[str, str], niceness: int, files: list[int]) -> None:
    """Runs `-m module …` or `script.py …` as a new Python would, in a session of its own."""
    os.setsid()
    os.nice(niceness - os.nice(0))
    for place, file in enumerate([os.open(os.devnull, os.O_RDONLY), *files]):
        os.dup2(file, place)
        os.close(file)
    sys.stdin = os.fdopen(0)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    path = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [directory, *filter(None, path)]
    if command[0] == "-m":
        sys.argv[:] = command[1:]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = command
        runpy.run_path(command[0], run_name="__main__")


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    die_with_parent()
    del sys.path[0]  # this file's folder, in which a module is called redis
    for name in PRELOADED.split():
        importlib.import_module(name)
    inspect.getmodule(main.__code__)  # looks at all of them, as each run of tests would at its first failure
    gc.collect()
    gc.freeze()  # or the collector would write to, and so copy, all memory that is shared
    become(**ForkServer(socket.socket(fileno=sys.stdin.fileno())).serve())


if __name__ == "__main__":
    main()
