"""The processes that the tests and the demo start, on machines of other kinds."""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import chromium, forked, process
from tools.process import ProcessError, ServerProcess, free_port, reserve

SECONDS = 600.0  # more than any machine needs


class Sleeper(ServerProcess):
    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", "import time; time.sleep(600)"]

    def is_ready(self) -> bool:
        return True


def test_a_process_that_has_ended_leaves_nothing() -> None:
    with Sleeper() as sleeper:
        assert not reserve(sleeper.port)
    assert reserve(sleeper.port)
    assert not sleeper.log_path.exists()
    process.give_back(sleeper.port)
    assert sleeper.port not in process._reserved


def test_where_no_port_can_be_taken_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "reserve", lambda _: False)
    with pytest.raises(ProcessError, match=r"No port of 127\.0\.0\.1"):
        free_port()


def test_a_process_ends_where_there_are_no_signals_of_unix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGCONT")
    monkeypatch.setattr(process, "KILL", signal.SIGTERM)
    with Sleeper() as sleeper:
        pass
    assert not sleeper.is_running


@pytest.mark.parametrize("without", ["pidfd_open", "a short path"])
def test_where_there_can_be_no_fork_server_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without: str
) -> None:
    monkeypatch.delenv(forked.SOCKET, raising=False)
    if without == "pidfd_open":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    else:
        folder = tmp_path / ("a" * 100)
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
    end = forked.provide()
    try:
        assert forked.SOCKET not in os.environ
    finally:
        end()


@pytest.mark.skipif(not forked.knows_ends(), reason="There is no fork server here.")
def test_a_forked_process_gives_way_as_the_one_does_that_asked_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "nice", lambda _: 7)
    script = tmp_path / "script.py"
    script.write_text("import os\nprint(os.nice(0))")
    monkeypatch.delenv(forked.SOCKET, raising=False)
    end = forked.provide()
    try:
        said = forked.output_of([sys.executable, str(script)], tmp_path, os.environ, SECONDS)
    finally:
        end()
    assert said == (0, "7\n")


def test_a_browser_that_was_installed_by_half_is_none(tmp_path: Path) -> None:
    class Browser:
        executable_path = str(tmp_path / "chromium-1255" / "chrome-linux64" / "chrome")

    for part in ("chromium-1255", "chromium_headless_shell-1255"):
        assert not chromium.has_its_own(Browser())
        (tmp_path / part).mkdir()
        (tmp_path / part / "INSTALLATION_COMPLETE").touch()
    assert chromium.has_its_own(Browser())
