"""Serves the app for showing it to somebody: `nox -s demo`, with `-- --help` for its options."""

import argparse
import os
import signal
import sys
import time
import webbrowser
from contextlib import ExitStack
from types import FrameType
from typing import NoReturn

from .app_server import AppServer
from .process import ProcessError, is_taken
from .redis import RedisNotFoundError, RedisServer

DEFAULT_PORT = 8000
HIGHEST_PORT = 65535
LOOK_AGAIN_SECONDS = 0.5
STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):
    STOP_SIGNALS.append(signal.SIGHUP)  # the terminal's window is closed


def main() -> None:
    options = parse(sys.argv[1:])
    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)  # also where the shell had Ctrl-C ignored
    for offset in range(options.processes):
        refuse_if_taken(options.port + offset)
    try:
        with ExitStack() as stack:
            serve(options, stack)
    except KeyboardInterrupt:
        print("\nStopped. The notes are kept for next time.")
    except (ProcessError, RedisNotFoundError) as error:
        raise SystemExit(str(error)) from None


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s demo --", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="the first port (default: %(default)s)")
    parser.add_argument("--redis", action="store_true", help="start a Redis and use it as the channel layer")
    parser.add_argument(
        "--processes", type=int, default=1, metavar="N", help="serve from N processes on neighbouring ports"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    options = parser.parse_args(arguments)
    if options.processes < 1:
        parser.error("--processes takes a number from 1 up")
    if not 0 < options.port <= HIGHEST_PORT + 1 - options.processes:
        parser.error(f"--port takes a number from 1 to {HIGHEST_PORT}")
    options.redis = options.redis or options.processes > 1
    return options


def refuse_if_taken(port: int) -> None:
    if is_taken(port):
        raise SystemExit(
            f"Port {port} is taken, most likely by another server. Choose another port: "
            f"nox -s demo -- --port {port + 1000}"
        )


def serve(options: argparse.Namespace, stack: ExitStack) -> None:
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    if options.redis:
        redis = stack.enter_context(RedisServer())
        redis_url = redis.url
        print(f"Redis is at {redis_url}")
    servers = [AppServer(database_url, redis_url, options.port + number) for number in range(options.processes)]
    servers[0].migrate()
    for server in servers:
        stack.enter_context(server)
        stack.callback(server.stop)
    announce(servers)
    if not options.no_browser and has_screen():
        webbrowser.open(f"{servers[0].url}/notes/1/side-by-side/")
    watch(servers)


def announce(servers: list[AppServer]) -> None:
    print("\nOpen a note, in two windows or on one page:\n")
    for server in servers:
        print(f"    {server.url}/notes/1/")
    print(f"    {servers[0].url}/notes/1/side-by-side/")
    print("\nCtrl-C stops the server.", flush=True)


def watch(servers: list[AppServer]) -> NoReturn:
    while True:
        for server in servers:
            if not server.is_running:
                raise ProcessError(f"The server on port {server.port} has ended.\n{server.log[-2000:]}")
        time.sleep(LOOK_AGAIN_SECONDS)


def has_screen() -> bool:
    if os.environ.get("CI"):
        return False
    return sys.platform in ("win32", "darwin") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # a second Ctrl-C must not cut the stopping short
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
