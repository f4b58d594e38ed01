"""The ways to serve the app, besides those that all browser tests use."""

import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from e2e.support.lines import patient
from tools import forked
from tools.app_server import REPOSITORY, AppServer
from tools.demo import settings_for_others
from tools.patience import patience
from tools.process import LOOK_AGAIN_SECONDS, free_port, is_taken, reserve

pytestmark = [pytest.mark.chapter(12), pytest.mark.app]
ELSEWHERE = "127.0.0.2"
WHILE_SECONDS = 0.3


def get(address: str) -> tuple[int, str, str]:
    with urllib.request.urlopen(address, timeout=patience.seconds) as response:
        return response.status, response.headers.get_content_type(), response.read().decode()


def test_daphne_serves_the_static_files_itself(server: AppServer) -> None:
    _, _, page = get(f"{server.url}/notes/1/")
    for address, kind in {
        r'href="(\S+/notes\.css)"': "text/css",
        r'src="(\S+/note\.js)"': "text/javascript",
        r'"yjs": "(\S+)"': "text/javascript",
    }.items():
        found = re.search(address, page)
        assert found, address
        assert get(server.url + found[1])[:2] == (200, kind)


def test_so_it_does_with_debug_off(database_url: Callable[[], str]) -> None:
    settings = {
        "DEBUG": "off",
        "SECRET_KEY": "only-for-this-test",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "off",
    }
    with AppServer(database_url(), settings=settings) as server:
        assert get(f"{server.url}/static/notes/notes.css")[0] == 200
        assert "Welcome" in get(f"{server.url}/")[2]


def test_health_says_what_answers(server: AppServer) -> None:
    deadline = time.monotonic() + patience.seconds
    while (health := health_of(server)) != '{"database": "ok", "channel_layer": "ok"}':
        assert time.monotonic() < deadline, health  # a machine that stood still for two seconds is called ill


def health_of(server: AppServer) -> str:
    try:
        return get(f"{server.url}/healthz")[2]
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_a_server_told_to_stop_says_4503_to_everyone_and_stops(own_server: AppServer) -> None:
    """This holds while a browser keeps an idle HTTP connection open, too, which makes Daphne's own goodbye fail."""
    idle = HTTPConnection("127.0.0.1", own_server.port)
    idle.request("GET", "/healthz")
    idle.getresponse().read()
    address = f"ws://127.0.0.1:{own_server.port}/ws/notes/1"
    with patient(address) as ada, patient(address) as grace, ThreadPoolExecutor(1) as thread:
        ada.recv()
        grace.recv()
        stopping = thread.submit(own_server.stop)
        for socket in (ada, grace):
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=patience.seconds)
            assert closed.value.rcvd
            assert closed.value.rcvd.code == 4503
        stopping.result()
    idle.close()


@pytest.fixture
def demo_port() -> int:
    """A free port, with a free one beside it."""
    return next(port for port in iter(free_port, None) if reserve(port + 1))


@pytest.fixture
def demo(database_url: Callable[[], str], demo_port: int) -> Iterator[subprocess.Popen[str]]:
    """The demo with two processes."""
    with run_demo(["--port", str(demo_port), "--processes", "2"], AppServer(database_url()).environment()) as demo:
        yield demo


@contextmanager
def run_demo(options: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """As a user runs it, for whom servers are not started by fork."""
    with subprocess.Popen(
        [sys.executable, "-m", "tools.demo", *options, "--no-browser"],
        cwd=REPOSITORY,
        env={**environment, forked.SOCKET: ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        try:
            yield demo
        finally:
            demo.kill()


def read_announcement(demo: subprocess.Popen[str]) -> str:
    """The lines that the demo prints until it serves."""
    assert demo.stdout
    shown = ""
    while "Ctrl-C" not in shown:
        line = demo.stdout.readline()
        assert line, shown
        shown += line
    return shown


def test_the_demo_serves_from_two_processes_and_stops_on_control_c(
    demo: subprocess.Popen[str], demo_port: int
) -> None:
    addresses = re.findall(r"http://\S+", read_announcement(demo))
    assert addresses == [
        f"http://127.0.0.1:{demo_port}/notes/1/",
        f"http://127.0.0.1:{demo_port + 1}/notes/1/",
        f"http://127.0.0.1:{demo_port}/notes/1/side-by-side/",
    ]
    for address in addresses:
        assert get(address)[0] == 200
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=patience.seconds)
    assert (demo.returncode, rest.strip()) == (0, "Stopped. The notes are kept for next time.")


@pytest.mark.skipif(sys.platform != "linux", reason="the process is found by Linux's means")
def test_a_process_of_the_demo_that_is_killed_is_started_again(demo: subprocess.Popen[str], demo_port: int) -> None:
    """And the other one serves on."""
    read_announcement(demo)
    [pid] = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if f"tcp:port={demo_port + 1}:".encode() in command_line(folder)
    ]
    os.kill(pid, signal.SIGKILL)
    assert demo.stdout
    assert demo.stdout.readline() == f"The server on port {demo_port + 1} has ended, and is started again.\n"
    assert get(f"http://127.0.0.1:{demo_port}/notes/1/")[0] == 200
    wait_until(lambda: is_taken(demo_port + 1), "It does not come back.")
    assert get(f"http://127.0.0.1:{demo_port + 1}/notes/1/")[0] == 200


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + patience.seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(LOOK_AGAIN_SECONDS)


def command_line(process: Path) -> bytes:
    with suppress(OSError):  # it has ended
        return (process / "cmdline").read_bytes()
    return b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills servers with their parent")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGHUP], ids=["is killed", "loses its terminal"])
def test_no_server_outlives_a_demo_that(way: signal.Signals, demo: subprocess.Popen[str], demo_port: int) -> None:
    redis = re.search(r"redis://127\.0\.0\.1:(\d+)", read_announcement(demo))
    assert redis
    ports = [demo_port, demo_port + 1, int(redis[1])]
    assert all(map(is_taken, ports))
    demo.send_signal(way)
    demo.wait(timeout=patience.seconds)
    wait_until(lambda: not any(map(is_taken, ports)), "A server is left behind.")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the whole of 127.0.0.0/8 for itself")
def test_the_demo_lets_the_network_in_if_it_is_told_to_and_nobody_else(
    database_url: Callable[[], str], demo_port: int, server: AppServer
) -> None:
    """Another address of this machine plays another machine."""
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(f"http://{ELSEWHERE}:{server.port}/notes/1/")
    environment = {**AppServer(database_url()).environment(), "ALLOWED_HOSTS": ELSEWHERE}
    with run_demo(["--port", str(demo_port), "--lan"], environment) as demo:
        read_announcement(demo)
        address = f"{ELSEWHERE}:{demo_port}"
        assert get(f"http://{address}/notes/1/")[0] == 200
        with patient(f"ws://{address}/ws/notes/1", origin=Origin(f"http://{address}")) as line:
            line.recv()
        with pytest.raises(urllib.error.HTTPError, match="400") as refused:
            get(f"http://127.0.0.1:{demo_port}/")
        assert "DisallowedHost" not in refused.value.read().decode()  # not Django's page that shows the settings


@pytest.mark.parametrize("name", ["Ada-Laptop", "ada-laptop.local"])
def test_the_demo_answers_to_the_names_that_a_network_gives_its_machine(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: name)
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    hosts = settings_for_others(ELSEWHERE)["ALLOWED_HOSTS"].split(",")
    assert {"ada-laptop", "ada-laptop.local", ELSEWHERE} <= set(hosts)


def test_the_demo_says_when_its_port_is_taken(server: AppServer) -> None:
    command = [sys.executable, "-m", "tools.demo", "--port", str(server.port), "--no-browser"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert f"Port {server.port} is taken" in result.stderr


PROGRAM = """
import json, os, sys
print(json.dumps([__name__, sys.argv, os.getcwd(), sys.path, os.environ["WORD"], sys.stdin.read()]))
print("to the other file", file=sys.stderr)
sys.exit(3)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are servers started by fork")
@pytest.mark.parametrize("way", [["-m", "program"], ["program.py"]], ids=["module", "file"])
def test_a_program_that_is_started_by_fork_is_as_any_other(
    way: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, *way, "one", "two words"]
    environment = {**os.environ, "WORD": "picnic", "PYTHONPATH": str(REPOSITORY)}

    def run() -> tuple[int, str, str]:
        with (tmp_path / "output").open("w+b") as output, (tmp_path / "errors").open("w+b") as errors:
            code = forked.run(command, tmp_path, environment, output.fileno(), errors.fileno())
        return code, (tmp_path / "output").read_text(), (tmp_path / "errors").read_text()

    assert forked.can_be_forked(command, environment)
    by_fork = run()
    monkeypatch.delenv(forked.SOCKET)
    assert by_fork == run()
    assert by_fork[0] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are servers started by fork")
def test_a_program_that_is_started_by_fork_ends_with_who_has_started_it(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import time\nwhile True: time.sleep(1)")
    starter = f"""
import os, sys
from pathlib import Path
from tools import forked
program = forked.start([sys.executable, "program.py"], Path({str(tmp_path)!r}), os.environ, 1, 2)
print(program.pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", starter], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        ended = os.pidfd_open(int(process.stdout.readline()))
        assert not select.select([ended], [], [], WHILE_SECONDS)[0]
        process.kill()
    assert select.select([ended], [], [], patience.seconds)[0], "It goes on."
    os.close(ended)
