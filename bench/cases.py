"""The cases that are measured: ways of using a server, and one run of one of them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import rights, slow_line
from .contestants import HERE, LOAD_CORE, App, Contestant, node, pinned

MEGABYTE = 1_000_000
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
RUN_SECONDS = 120.0  # no run takes longer


@dataclass(frozen=True)
class Case:
    """`notes` notes with `people` each, of whom `typists` type `rate` updates a second."""

    name: str
    what: str
    kind: str = "typing"
    notes: int = 1
    people: int = 50
    typists: int = 10
    rate: float = 2
    flight: int = 200
    seconds: float = 5
    size: int = 0  # bytes of the note that people join or type in
    edits: float = 0  # by Django code, a second
    compares: bool = True  # False: left out unless it is asked for


CASES = {
    case.name: case
    for case in [
        Case("light", "50 people on one note, 10 of them typing 2 updates a second"),
        Case("one", "50 people on one note, 10 of them typing 10 updates a second", rate=10),
        Case("crowd", "100 people on one note, all typing 5 updates a second", people=100, typists=100, rate=5),
        Case("burst", "50 people on one note, 10 of them typing without pause", kind="burst"),
        Case("many", "200 people on 50 notes, all typing 2 updates a second", notes=50, people=4, typists=4),
        Case("join", "100 people join a note of 1 MB at once", kind="join", people=100, typists=0, size=MEGABYTE),
        Case(
            "class",
            "30 people on one note, all typing 5 updates a second",
            people=30,
            typists=30,
            rate=5,
            compares=False,
        ),
        Case("edited", "The case one, with an edit by Django code every second", rate=10, edits=1, compares=False),
        Case(
            "large",
            "2 people on a note of 4 MB, one of them typing 20 updates a second",
            people=2,
            typists=1,
            rate=20,
            size=4 * MEGABYTE,
            compares=False,
        ),
        Case("slow-line", "A note over a line with 150 ms and 1.6 Mbit/s, in a browser", kind="page"),
        Case(
            "rights",
            "1 000 people on one document of examples/minutes/, of whom every second one loses the right at once",
            kind="rights",
            people=1000,
            typists=0,
            compares=False,
        ),
        Case("idle", "5 000 connections that say nothing", kind="idle", notes=50, people=100, typists=0),
    ]
}


class RunFailedError(Exception):
    """The load generator stopped with an error. The message is what it printed."""


def run(case: Case, contestant: Contestant) -> dict[str, Any]:
    """The figures of one run: times in ms, `cpu` in s, `memory` and `grown` in bytes."""
    if isinstance(contestant, App) and case.kind == "page":
        return slow_line.visit(contestant.page())
    if isinstance(contestant, App) and case.kind == "rights":
        return take_rights(case, contestant)
    plan = plan_of(case, contestant.syncs, [contestant.note() for _ in range(case.notes)])
    with editing(case, contestant, plan["notes"]):
        return measure(plan, [process.pid for process in contestant.processes])


def plan_of(case: Case, syncs: bool, notes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": case.kind,
        "notes": notes,
        "people": case.people,
        "typists": case.typists,
        "rate": case.rate,
        "flight": case.flight,
        "seconds": case.seconds,
        "bytes": case.size,
        "syncs": syncs,
    }


def take_rights(case: Case, app: App) -> dict[str, Any]:
    with rights.meeting(app.server, case.people) as meeting, meeting.losing() as lose:
        plan = plan_of(case, app.syncs, [{"urls": [meeting.url], "name": "", "sessions": meeting.sessions}])
        lost_at: list[float] = []
        measured = measure(plan, [meeting.pid], on_ready=lambda: lost_at.append(lose()))
        return {**measured, **rights.figures(measured["closes"], lost_at[0])}


def measure(plan: dict[str, Any], pids: Sequence[int], on_ready: Callable[[], None] = lambda: None) -> dict[str, Any]:
    with pinned(LOAD_CORE):
        load = subprocess.Popen(
            [node(), str(HERE / "load.mjs"), json.dumps(plan)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    assert load.stdout  # noqa: S101
    lines = []
    for line in load.stdout:
        lines.append(line)
        if line == "ready\n":
            before = usage(pids)
            on_ready()
        elif line == "done\n":
            after = usage(pids)
    if load.wait(RUN_SECONDS):
        raise RunFailedError("".join(lines)[-2000:])
    figures: dict[str, Any] = json.loads(lines[-1])
    return {**figures, "cpu": after[0] - before[0], "memory": after[1], "grown": after[1] - before[1]}


@contextmanager
def editing(case: Case, contestant: Contestant, notes: list[dict[str, Any]]) -> Iterator[None]:
    """Code of the app's own edits the first note meanwhile, in another process."""
    if not (case.edits and isinstance(contestant, App)):
        yield
        return
    number = notes[0]["urls"][0].rpartition("/")[2]
    command = [sys.executable, "-m", "bench.edits", number, str(1 / case.edits)]
    environment = dict(contestant.servers[0].environment())
    with subprocess.Popen(
        command, env=environment, cwd=HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as edits:
        assert edits.stdout  # noqa: S101
        edits.stdout.readline()  # it is ready: its start costs more than the edits
        yield
        edits.communicate(b"\n")
    if edits.returncode:
        raise RunFailedError("The code that edits has failed.")


def usage(pids: Sequence[int]) -> tuple[float, int]:
    """CPU time in s and resident memory in bytes of some processes and their children, together."""
    seconds, memory = 0.0, 0
    for process in [*pids, *(child for pid in pids for child in children(pid))]:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
        memory += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return seconds, memory


def children(pid: int) -> list[int]:
    """Returns the child processes. PostgreSQL has one for each connection; shared memory counts for each of them."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
