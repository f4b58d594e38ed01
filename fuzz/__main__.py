"""Runs each fuzz target for a while: `nox -s fuzz`, with `-- --seconds 600` for longer."""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

TARGETS = ["fuzz.fuzz_decode", "fuzz.fuzz_receive"]
LIMITS = ["-timeout=60", "-rss_limit_mb=2048", "-max_len=4096"]  # for one input: seconds, MB, bytes
DEFAULT_SECONDS = 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="nox -s fuzz --", description=__doc__)
    parser.add_argument("--seconds", type=int, default=DEFAULT_SECONDS, help="for each target (default: %(default)s)")
    seconds = parser.parse_args().seconds
    if seconds < 1:
        parser.error("--seconds takes a number from 1 up")
    if not importlib.util.find_spec("atheris"):
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"NOT FUZZED: atheris needs Linux and Python up to 3.13; this is {sys.platform}, Python {version}.")
        return
    print(f"{' and '.join(TARGETS)}, for {seconds} s …", flush=True)
    with ThreadPoolExecutor() as at_once:
        results = list(at_once.map(lambda target: fuzz(target, seconds), TARGETS))
    for target, result in zip(TARGETS, results, strict=True):
        print(f"{target}:")
        lines = result.stderr.splitlines()
        print("\n".join(line for line in lines if line.startswith(("stat::", "Done")) or " DONE " in line))
        if result.returncode:
            raise SystemExit("\n".join(lines[-60:]) + result.stdout[-4000:])


def fuzz(target: str, seconds: int) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as found:
        bounds = [f"-max_total_time={seconds}", "-print_final_stats=1", f"-artifact_prefix={found}/", *LIMITS]
        command = [sys.executable, "-m", target, *bounds]
        return subprocess.run(command, capture_output=True, text=True, check=False)


main()
