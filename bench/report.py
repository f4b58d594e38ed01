"""The report on the runs: medians, ratios, a table for each case, and one plot."""

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
from pathlib import Path
from typing import Any

from tools.app_server import REPOSITORY

from .cases import CASES, Case
from .contestants import CONTESTANTS, HERE, node

Results = dict[tuple[str, str], list[dict[str, Any]]]

OURS = ["uvicorn", "daphne", "two"]
YARDSTICK = "y-websocket"
FAILED: dict[str, Any] = {"lost": 0}
PAGE = REPOSITORY / "docs" / "explanation" / "performance.md"
PLOT = REPOSITORY / "docs" / "explanation" / "performance.svg"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
GREY = "#808080"
THIN_SPACE = "\u202f"  # between thousands; no line breaks at it
FRAME_BUDGET_MS = 1000 / 60 * 1.5
PYTHON_PACKAGES = [
    "django",
    "channels",
    "channels-redis",
    "daphne",
    "uvicorn",
    "uvloop",
    "pycrdt",
    "pycrdt-websocket",
]
NODE_PACKAGES = ["@y/websocket-server", "@hocuspocus/server", "yjs", "ws"]


def line(round_: int, case: str, server: str, figures: dict[str, Any]) -> str:
    shown = {name: round(value, 3) for name, value in figures.items() if isinstance(value, int | float)}
    return f"round {round_ + 1} {case:6} {server:12} {json.dumps(shown)}"


def text(results: Results, typing: dict[str, Any] | None) -> str:
    """All tables, as Markdown."""
    cases = [case for case in CASES.values() if any(key[0] == case.name for key in results)]
    parts = [f"### {case.name}\n\n{case.what}.\n\n{table(case, results)}" for case in cases]
    return "\n\n".join([*parts, *([in_the_browser(typing)] if typing else [])])


def table(case: Case, results: Results) -> str:
    columns = COLUMNS[case.kind]
    rows = []
    for server, contestant in CONTESTANTS.items():
        if (case.name, server) not in results:
            continue
        figures = medians(results[case.name, server])
        yardstick = medians(results.get((case.name, YARDSTICK), []))
        cells = [show(figures, yardstick) for show in columns.values()]
        rows.append(f"| {contestant.name} | {' | '.join(cells)} |")
    head = f"| server | {' | '.join(columns)} |\n| --- |{' ---: |' * len(columns)}"
    return "\n".join([head, *rows])


def medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    """The median of each figure over the runs that have it; for lost updates, the worst."""
    names = {name for run in runs for name, value in run.items() if isinstance(value, int | float)}
    figures = {name: statistics.median(run[name] for run in runs if run.get(name) is not None) for name in names}
    return {**figures, "lost": max((run.get("lost", 0) for run in runs), default=0)}


def number(name: str, factor: float = 1, digits: int = 1) -> Any:
    def show(figures: dict[str, float], yardstick: dict[str, float]) -> str:
        return f"{figures[name] * factor:,.{digits}f}".replace(",", THIN_SPACE) if name in figures else "–"

    return show


def ratio(name: str) -> Any:
    def show(figures: dict[str, float], yardstick: dict[str, float]) -> str:
        if name not in figures or not yardstick.get(name):
            return "–"
        return f"**{figures[name] / yardstick[name]:.2f}**"

    return show


def cpu_each(figures: dict[str, float], yardstick: dict[str, float]) -> str:
    return f"{figures['cpu'] / figures['deliveries'] * 1e6:.1f}" if figures.get("deliveries") else "–"


def per_connection(figures: dict[str, float], yardstick: dict[str, float]) -> str:
    return f"{figures['grown'] / figures['connections'] / 1000:.1f}" if figures.get("connections") else "–"


TYPING = {
    "p95 ×": ratio("p95"),
    "p50 ms": number("p50"),
    "p95 ms": number("p95"),
    "p99 ms": number("p99"),
    "deliveries/s": number("rate", digits=0),
    "CPU µs": cpu_each,
    "frames": number("frames", digits=3),
    "MB": number("memory", 1e-6, 0),
    "lost": number("lost", digits=0),
}
COLUMNS = {
    "typing": TYPING,
    "burst": {"deliveries/s ×": ratio("rate"), **{k: v for k, v in TYPING.items() if "×" not in k}},
    "join": {
        "time ×": ratio("all"),
        "p50 ms": number("p50", digits=0),
        "p95 ms": number("p95", digits=0),
        "all have it, ms": number("all", digits=0),
        "MB": number("memory", 1e-6, 0),
    },
    "page": {
        "live after, s": number("live", 1e-3, 2),
        "requests": number("requests", digits=0),
        "kB": number("bytes", 1e-3, 0),
        "again after, s": number("live_again", 1e-3, 2),
        "requests again": number("requests_again", digits=0),
        "kB again": number("bytes_again", 1e-3, 0),
    },
    "rights": {
        "lost it": number("out", digits=0),
        "half of them out after, ms": number("half", digits=0),
        "all of them, ms": number("all", digits=0),
        "told to try again": number("sent_away", digits=0),
        "CPU s": number("cpu", digits=2),
    },
    "idle": {
        "memory ×": ratio("grown"),
        "kB a connection": per_connection,
        "CPU s to connect": number("cpu", digits=2),
    },
}


def in_the_browser(typing: dict[str, Any]) -> str:
    app, plain = typing["app"], typing["plain"]
    dropped = sum(gap > FRAME_BUDGET_MS for gap in typing["gaps"])
    rows = [
        f"| {name} | {quantile(times, 0.5):.1f} | {quantile(times, 0.95):.1f} | {quantile(times, 0.99):.1f} |"
        for name, times in [
            ("this app, Daphne", app),
            ("a plain page with y-websocket on @y/websocket-server", plain),
        ]
    ]
    return (
        f"### In the browser\n\nFrom a key in one browser to its glyph in another, {len(app)} presses each; the p95 "
        f"of this app is **{quantile(app, 0.95) / quantile(plain, 0.95):.2f}** times that of the plain page.\n\n"
        "| page | p50 ms | p95 ms | p99 ms |\n| --- | ---: | ---: | ---: |\n"
        + "\n".join(rows)
        + f"\n\nA note of 1 MB opens in {typing['open'] / 1000:.2f} s. While somebody types in it, "
        f"{dropped} of {len(typing['gaps'])} frames come late."
    )


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def write(results: Results, typing: dict[str, Any] | None, rounds: int) -> None:
    plot(results)
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{machine(rounds)}\n\n{text(results, typing)}\n\n{END}{after}")


def machine(rounds: int) -> str:
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PYTHON_PACKAGES]
    for name in NODE_PACKAGES:
        manifest = json.loads((HERE / "node_modules" / name / "package.json").read_text())
        versions.append(f"{name} {manifest['version']}")
    node_version = subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return (
        f"Measured on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}: {cpu_name()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, Node {node_version}; "
        f"medians of {rounds} rounds.\n\n{', '.join(versions)}."
    )


def cpu_name() -> str:
    for entry in Path("/proc/cpuinfo").read_text().splitlines():
        if entry.startswith("model name"):
            return entry.partition(":")[2].strip()
    return platform.machine()


def plot(results: Results) -> None:
    """Latency above, throughput below, both on logarithmic scales. In greys that suit a light page and a dark one."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 10, "text.color": GREY})
    mpl.rcParams.update(dict.fromkeys(["axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"], GREY))
    mpl.rcParams.update({"grid.color": GREY, "grid.alpha": 0.25, "axes.axisbelow": True})
    from matplotlib import pyplot

    figure, (latency, throughput) = pyplot.subplots(2, 1, figsize=(7, 7), layout="constrained")
    cases = [case.name for case in CASES.values() if case.kind == "typing" and case.compares]
    servers = [server for server in CONTESTANTS if any(key[1] == server for key in results)]
    for index, server in enumerate(servers):
        is_ours = server in OURS
        values = [medians(results.get((case, server), [])).get("p95") for case in cases]
        marker = {"marker": "o" if is_ours else "x", "markersize": 9 if is_ours else 7, "linestyle": "none"}
        latency.plot(values, cases, label=CONTESTANTS[server].name, color=f"C{index}", **marker)
        rate = medians(results.get(("burst", server), [])).get("rate", 0)
        bar = throughput.barh(CONTESTANTS[server].name, rate, color=f"C{index}")
        throughput.bar_label(bar, [f" {rate:,.0f}".replace(",", THIN_SPACE)])
    latency.set(xscale="log", xlabel="p95 in ms: less is better", ylim=(len(cases) - 0.5, -0.5))
    throughput.set(xscale="log", xlabel="burst, deliveries a second: more is better")
    throughput.set_xlim(right=3 * throughput.get_xlim()[1])
    throughput.invert_yaxis()
    for axes in (latency, throughput):
        axes.grid(axis="x")
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*latency.get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(PLOT, transparent=True, metadata={"Date": None})
