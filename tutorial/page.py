"""A chapter's page as its reader has it: the blocks to type, to run and to compare, out of the rendered HTML.

Each block is of one of KINDS. The page's author says which in the fence: ``` { .sh data-kind="run" }. Where the page
says that an output ends with the lines of a block, the block has data-last="true".
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from .steps import TutorialError

KINDS = {
    "create": "a file to be made, whole",
    "change": "a file to be changed: as a diff, whole, by lines added at its end, or to be deleted",
    "take": "the kit's command that hands over the files of a chapter",
    "taken": "a file that has been handed over, to be looked at",
    "run": "commands to be typed; they succeed, unless a failure follows",
    "serve": "a server to be started, which goes on in its own terminal",
    "visit": "an address to be opened in a browser, or what is to be typed in the console of its devtools",
    "expect": "what the last command, server or browser shows, with … for what differs",
    "failure": "what the last command, server or browser shows when it fails, as it is meant to",
    "red": "what a test says on the project of the chapter before, as the second gate sees it",
    "skip": "what the robot does not type, with its reason",
}
NEEDS = {
    "create": "data-file",
    "change": "data-file",
    "taken": "data-file",
    "skip": "data-reason",
    "red": "data-test",
}


@dataclass
class Block:
    kind: str
    attributes: dict[str, str]
    text: str = ""
    line: int = 0

    @property
    def file(self) -> str:
        return self.attributes.get("data-file", "")

    @property
    def form(self) -> str:
        return self.attributes.get("data-form", "whole")

    @property
    def content(self) -> str:
        """Of a file to be created or changed."""
        return "" if self.form == "empty" else f"{self.text}\n"


@dataclass
class _Open:
    block: Block
    depth: int = 0
    parts: list[str] = field(default_factory=list)
    is_code: bool = False


class _Parser(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._page = page
        self._open: _Open | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if self._open:
            self._open.depth += tag == "div"
            self._open.is_code = self._open.is_code or tag == "code"
        elif tag == "div" and "highlight" in attributes.get("class", "").split():
            self._open = _Open(self._block(attributes))

    def handle_endtag(self, tag: str) -> None:
        if not self._open:
            return
        if tag == "code":
            self._open.is_code = False
        if tag == "div":
            if self._open.depth == 0:
                self._open.block.text = "".join(self._open.parts).rstrip()
                self.blocks.append(self._open.block)
                self._open = None
            else:
                self._open.depth -= 1

    def handle_data(self, data: str) -> None:
        if self._open and self._open.is_code:
            self._open.parts.append(data)

    def _block(self, attributes: dict[str, str]) -> Block:
        kind = attributes.get("data-kind", "")
        line = self.getpos()[0]
        if kind not in KINDS:
            known = ", ".join(KINDS)
            raise TutorialError(
                f"{self._page.name}, line {line}: a block says data-kind={kind!r}; there are {known}. "
                "For code that is only to be read, use skip with a data-reason."
            )
        if (needed := NEEDS.get(kind)) and not attributes.get(needed):
            raise TutorialError(f"{self._page.name}, line {line}: a block of kind {kind} needs {needed}.")
        return Block(kind, attributes, line=line)


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a rendered page, in the order in which a reader meets them."""
    if not page.exists():
        raise TutorialError(f"{page} has not been built. Build the site with: nox -s docs")
    parser = _Parser(page)
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.blocks
