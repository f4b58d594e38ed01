"""Everything the project does, as sessions that set themselves up: `nox -l` lists them.

A session needs Python and pip on the machine and nothing else. Node, Redis and a browser are taken from the machine
if they are there, and installed if not. A finished set-up is repeated only when its requirements change.
"""

import atexit
import sys
from pathlib import Path

import nox

if sys.version_info < (3, 11):  # noqa: UP036 - to say so
    sys.exit("Realtime Notes needs Python 3.11 or newer. With uv: uvx --python 3.13 nox")

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from tools import setup  # noqa: E402
from tools.setup import build_wheel, provide_chromium, run, use_dev  # noqa: E402

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "test", "e2e", "docs", "tutorial", "wheel", "short"]
atexit.register(setup.say_how_slow)

# More than cores, since some tests mostly wait.
WORKERS = ["-n", "3", "--dist", "worksteal"]
WAITING_WORKERS = ["-n", "4", "--dist", "worksteal"]
PYTHON_FILES = ["manage.py", "channels_yjs", "realtime_notes", "notes", "e2e", "fuzz", "bench", "tools", "tutorial"]


@nox.session
def demo(session: nox.Session) -> None:
    """Serve the app on port 8000. Options: -- --port N, --redis, --processes N, --lan, --no-browser."""
    wants_redis = any(option.startswith(("--redis", "--processes")) for option in session.posargs)
    setup.set_up_app(session, with_redis=wants_redis)
    session.run("python", "-m", "tools.demo", *session.posargs, interrupt_timeout=setup.STOP_SECONDS)


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Set up what all sessions except demo, vendor and lock share. They call it by themselves."""
    setup.set_up_dev(session)


shares_dev = nox.session(requires=["dev"], venv_backend="none")


@shares_dev
def lint(session: nox.Session) -> None:
    """Check style and types of Python and JavaScript, and the format of the templates."""
    use_dev(session)
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "mypy", "--num-workers", "2", *PYTHON_FILES)
    setup.npm(session, "run", "--silent", "types")
    templates = map(str, sorted((ROOT / "templates").rglob("*.html")))
    run(session, "djade", "--check", "--target-version", "5.2", *templates)


@shares_dev
def test(session: nox.Session) -> None:
    """Run the pure and the in-process tests, the engine's and the app's. Arguments go to pytest: -- -k rooms."""
    use_dev(session)
    run(session, "python", "-m", "tools.suites", *workers(session, WORKERS), *session.posargs)


@shares_dev
def e2e(session: nox.Session) -> None:
    """Run the browser tests, with real servers and Redis. Arguments go to pytest: -- -k offline --headed."""
    use_dev(session)
    provide_chromium(session)
    # Each of them has a session of its own, or part of one: test_prove_it.py is run on the tutorial's projects.
    without = [f"--ignore=e2e/{name}" for name in ("faults", "examples", "test_prove_it.py")]
    run(
        session,
        "pytest",
        *tests(session, "e2e", *without),
        *workers(session, WAITING_WORKERS),
        *session.posargs,
    )


@nox.session(requires=["dev"], venv_backend="none", default=False)
def faults(session: nox.Session) -> None:
    """Kill, cut, fill and freeze servers, databases and network while people write. -- --short for the short form."""
    use_dev(session)
    run_faults(session, *session.posargs)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def fuzz(session: nox.Session) -> None:
    """Fuzz the input from the network, guided by coverage. -- --seconds 600 for longer."""
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
    build_wheel(session)  # which the robot installs in chapter 6
    provide_chromium(session)
    # More workers than cores, since tests that are expected to fail mostly wait. They take them one by one, in the
    # order of tutorial/tests/conftest.py.
    five = ["-n", "5", "--dist", "load", "--maxschedchunk", "1", "-o", "faulthandler_timeout=3600"]
    run(session, "pytest", *tests(session, "tutorial/tests"), *five, *session.posargs)


@nox.session(requires=["dev"])
def wheel(session: nox.Session) -> None:
    """Build the distribution channels-yjs, and run examples/minutes/ on it, with nothing else installed."""
    setup.install(session, setup.EXAMPLE)
    bare = Path(session.bin or "", "python").absolute()  # not resolved: it is a link to another Python
    use_dev(session)
    built = build_wheel(session)
    session.install("--no-deps", "--force-reinstall", str(built))
    provide_chromium(session)
    session.env["MINUTES_PYTHON"] = str(bare)
    run(session, "pytest", *tests(session, "e2e/examples"), *workers(session, ["-n", "3"]), *session.posargs)
    session.log("%s has %d kB.", built.relative_to(ROOT), built.stat().st_size // 1000)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def package(session: nox.Session) -> None:
    """Build the package channels-yjs into dist/, to be installed into a project of your own."""
    use_dev(session)
    session.log("Install it with: pip install %s", build_wheel(session))


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
    run(session, "python", "-m", "tutorial.listings")
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    run(session, "mkdocs", *(session.posargs or ["build", "--strict", "--quiet"]))


# The commands for the tutorial's readers, and at the end one for its authors.
READERS = {
    "chapter": "Write a chapter's finished project into a new folder: -- 4 ../from-four.",
    "check": "Check your own project in real browsers: -- ../my-notes. With --watch at every save.",
    "diff": "Compare your files with those of a chapter: -- 4 ../my-notes.",
    "hint": "List the usual mistakes for a chapter that does not work: -- 4.",
    "take": "Hand over those files of a chapter that you need not type: -- 1 ../my-notes.",
    "attack": "Attack your own server: -- lying-frame ../my-notes, or -- deaf-client ../my-notes.",
    "crowd": "Measure your server with fifty people on one note: -- ../my-notes.",
    "carry": "For authors: carry the changes of a chapter's files through the later chapters: -- 3.",
}


def add_reader(verb: str, words: str) -> None:
    def run_verb(session: nox.Session) -> None:
        use_dev(session)
        if verb == "check":
            provide_chromium(session)
        run(session, "python", "-m", "tutorial", verb, *session.posargs)

    run_verb.__doc__ = words
    nox.session(run_verb, name=verb, requires=["dev"], venv_backend="none", default=False)


for verb, words in READERS.items():
    add_reader(verb, words)


@nox.session(requires=["dev"], venv_backend="none", default=False)
def pictures(session: nox.Session) -> None:
    """Take the pictures of the README and the docs again, in the browser tests."""
    use_dev(session)
    provide_chromium(session)
    scenes = ["e2e/test_pictures.py", "e2e/test_tutorial_pictures.py"]
    run(session, "pytest", *scenes, "--keep-pictures", *session.posargs)


@nox.session(default=False)
def vendor(session: nox.Session) -> None:
    """Build the browser libraries and the engine's modules into channels_yjs/static/channels_yjs/vendor/."""
    setup.build_browser_libraries(session)
    session.log("The browser libraries and the engine's modules are in channels_yjs/static/channels_yjs/vendor/.")


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Compile requirements*.txt from pyproject.toml and package-lock.json from package.json."""
    session.install("uv")
    compile_ = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
    app = ["pyproject.toml", "--group", "app"]
    session.run(*compile_, *session.posargs, *app, "-o", setup.APP.name)
    example = ["pyproject.toml", "--group", "example", "-c", setup.APP.name]
    session.run(*compile_, *session.posargs, *example, "-o", str(setup.EXAMPLE.relative_to(ROOT)))
    development = ["pyproject.toml", "--group", "dev", "-c", setup.APP.name, "-o", setup.DEVELOPMENT.name]
    session.run(*compile_, *session.posargs, *development)
    session.run(*compile_, *session.posargs, "--group", "redis", "-o", setup.REDIS.name)
    session.run(*compile_, *session.posargs, "--group", "node", "-o", setup.NODE.name)
    session.run(*compile_, *session.posargs, "--group", "uv", "-o", setup.UV.name)
    setup.provide_node(session)
    for folder in (ROOT, ROOT / "bench"):
        setup.npm(session, "install", "--package-lock-only", "--prefix", str(folder))


def tests(session: nox.Session, folder: str, *options: str) -> list[str]:
    """All of a folder, unless some of its files are named."""
    return [] if any(argument.startswith(folder) for argument in session.posargs) else [folder, *options]


def workers(session: nox.Session, usual: list[str]) -> list[str]:
    """The number of tests at a time, unless somebody wants to watch or has chosen one."""
    return [] if {"--headed", "-n", "--pdb"} & set(session.posargs) else usual


def run_faults(session: nox.Session, *options: str) -> None:
    provide_chromium(session)
    patience = ["-o", "faulthandler_timeout=3600"]  # tests of the long form take several minutes
    run(session, "pytest", *tests(session, "e2e/faults"), *WAITING_WORKERS, *patience, *options)


def run_bench(session: nox.Session, *options: str) -> None:
    setup.node_modules(session, ROOT / "bench")
    provide_chromium(session)
    run(session, "python", "-m", "bench", *options)
