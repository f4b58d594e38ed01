"""Serves the app as a demo: `nox -s demo`, with `-- --help` for its options."""

import argparse
import os
import secrets
import signal
import socket
import sys
import time
import webbrowser
from contextlib import ExitStack
from types import FrameType
from typing import NoReturn

from realtime_notes.environment import HOST

from .app_server import AppServer
from .process import ProcessError, is_taken
from .redis import RedisNotFoundError, RedisServer

DEFAULT_PORT = 8000
HIGHEST_PORT = 65535
LOOK_AGAIN_SECONDS = 0.5
ALL_INTERFACES = "0.0.0.0"  # noqa: S104
MDNS = ".local"  # by which others in the network find a machine that announces its name
NOWHERE = ("192.0.2.1", 9)  # nobody has this address (RFC 5737), and nothing is sent to it
STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):
    STOP_SIGNALS.append(signal.SIGHUP)  # sent when the terminal's window is closed


def main() -> None:
    options = parse(sys.argv[1:])
    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)  # even if the shell ignored Ctrl-C
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
    parser = argparse.ArgumentParser(prog="nox -s demo --", description=__doc__, allow_abbrev=False)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="the first port (default: %(default)s)")
    parser.add_argument("--redis", action="store_true", help="start a Redis and use it as the channel layer")
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        metavar="N",
        help="serve from N processes on neighbouring ports; one that ends is started again",
    )
    parser.add_argument(
        "--lan",
        action="store_true",
        help="let in everybody in this network, such as a class: over plain HTTP, and without accounts",
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
    host = lan_address() if options.lan else "127.0.0.1"
    ports = range(options.port, options.port + options.processes)
    interface, settings = (ALL_INTERFACES, settings_for_others(host)) if options.lan else (host, {})
    servers = [
        AppServer(database_url, redis_url, port, settings=settings, options=(), interface=interface) for port in ports
    ]
    servers[0].migrate()
    for server in servers:
        stack.enter_context(server)
        stack.callback(server.stop)
    announce(servers, host, redis_url)
    if not options.no_browser and has_screen():
        webbrowser.open(f"http://{host}:{servers[0].port}/notes/1/side-by-side/")  # what the others can open, too
    watch(servers)


def lan_address() -> str:
    """The address by which other machines reach this one, as far as this one can know."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(NOWHERE)  # this only chooses the interface
        except OSError:
            return "127.0.0.1"  # there is no network
        address: str = probe.getsockname()[0]
        return address


def settings_for_others(host: str) -> dict[str, str]:
    """The defaults for other machines: no pages that show settings, and, for lack of a certificate, no HTTPS."""
    name = socket.gethostname().lower().removesuffix(MDNS)
    hosts = [host, name, name + MDNS, "localhost", "127.0.0.1"]
    chosen = {
        "DEBUG": "off",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SECURE_SSL_REDIRECT": "off",
        "SECURE_HSTS_SECONDS": "0",
        "ALLOWED_HOSTS": ",".join(filter(HOST.fullmatch, hosts)),  # a machine may have a name that no URL takes
    }
    return {name: value for name, value in chosen.items() if name not in os.environ}


def announce(servers: list[AppServer], host: str, redis_url: str) -> None:
    print("\nOpen a note, in two windows or on one page:\n")
    for server in servers:
        print(f"    http://{host}:{server.port}/notes/1/")
    print(f"    http://{host}:{servers[0].port}/notes/1/side-by-side/")
    if redis_url:
        python = os.path.relpath(sys.executable)
        print("\nCode writes along, in another terminal:\n")
        print(f"    REDIS_URL={redis_url} {python} manage.py write_note 1 'Hello from code' --slowly")
    print("\nCtrl-C stops the server.", flush=True)


def watch(servers: list[AppServer]) -> NoReturn:
    while True:
        for server in servers:
            if not server.is_running and len(servers) == 1:
                raise ProcessError(f"The server on port {server.port} has ended.\n{server.log[-2000:]}")
            if not server.is_running:
                print(f"The server on port {server.port} has ended, and is started again.", flush=True)
                server.start()
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
