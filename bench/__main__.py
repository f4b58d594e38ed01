"""Compares servers under the same load: `nox -s bench`. Options come after `--`.

Servers take turns within each round, each started again for each case, and the results are medians over the rounds: a
machine that is slow for a moment is slow for all of them.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from . import browser, report
from .cases import CASES, Case, RunFailedError, run
from .contestants import CONTESTANTS, collected_static_files

SHORT_SERVERS = ["uvicorn", "daphne", "y-websocket", "hocuspocus", "pycrdt"]
SHORT_CASES = ["one", "burst", "join", "slow-line", "rights"]
SHORT_PEOPLE = 20
SHORT_SECONDS = 1.0
SHORT_AT_A_TIME = 4


def main() -> None:
    options = parse(sys.argv[1:])
    cases = [shortened(CASES[name]) if options.short else CASES[name] for name in options.cases]
    results: report.Results = {}
    runs = [(case, name) for case in cases for name in options.servers if case.name not in CONTESTANTS[name].skips]
    planned = [(round_, *run_) for round_ in range(options.rounds) for run_ in runs]
    presses = 0 if options.no_browser else browser.BLOCK // 4 if options.short else options.presses
    collected_static_files()  # once for all
    with ThreadPoolExecutor(SHORT_AT_A_TIME if options.short else 1) as at_a_time:
        measured = at_a_time.map(lambda plan: one_run(plan[1], plan[2]), planned)
        in_browser = at_a_time.submit(browser.measure, presses) if presses else None
        for (round_, case, name), result in zip(planned, measured, strict=True):
            results.setdefault((case.name, name), []).append(result)
            print(report.line(round_, case.name, name, result), flush=True)
    typing = in_browser.result() if in_browser else None
    print(report.text(results, typing))
    if options.short:
        print("Several of these runs shared the machine at a time. They show that everything works, and no speed.")
    if options.write:
        report.write(results, typing, options.rounds)
    lost = [key for key, runs in results.items() if key[1] in report.OURS and any(run_.get("lost") for run_ in runs)]
    if lost:
        raise SystemExit(f"This app lost updates, and must never lose any: {lost}")


def one_run(case: Case, server: str) -> dict[str, Any]:
    with CONTESTANTS[server]() as contestant:
        try:
            return run(case, contestant)
        except RunFailedError as error:
            if server in report.OURS:
                raise SystemExit(f"{case.name} against {contestant.name} failed:\n{error}") from None
            return {**report.FAILED, "error": str(error)}


def shortened(case: Case) -> Case:
    """A plan that is enough to see that everything works, and too little to compare anything."""
    return replace(
        case,
        notes=min(case.notes, 2),
        people=min(case.people, SHORT_PEOPLE),
        typists=min(case.typists, SHORT_PEOPLE),
        seconds=SHORT_SECONDS,
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds to take medians over (default: %(default)s)")
    parser.add_argument("--cases", nargs="+", choices=CASES)
    parser.add_argument("--servers", nargs="+", choices=CONTESTANTS)
    parser.add_argument("--presses", type=int, default=200, help="keys in the browser (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="leave out the measurements in browsers")
    parser.add_argument("--short", action="store_true", help="only check that everything works")
    parser.add_argument("--write", action="store_true", help="put the results into docs/explanation/performance.md")
    options = parser.parse_args(arguments)
    options.servers = options.servers or (SHORT_SERVERS if options.short else list(CONTESTANTS))
    options.cases = options.cases or [
        case.name
        for case in CASES.values()
        if (case.name in SHORT_CASES if options.short else case.compares)
        and not (case.kind == "page" and options.no_browser)
    ]
    options.rounds = 1 if options.short else options.rounds
    if options.rounds < 1 or options.presses < 1:
        parser.error("--rounds and --presses take a number from 1 up")
    if options.write and (options.short or options.no_browser):
        parser.error("--write needs the whole run: leave out --short and --no-browser")
    return options


main()
