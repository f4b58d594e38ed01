"""What the chapters' pages say under "If it went wrong": what one sees, and what to look at.

The pages are the only source. What stands there in `code` is looked for in what a server or a browser printed. What
nothing prints, such as silence, only the reader can recognize.
"""

import re
from dataclasses import dataclass

from .steps import Step, TutorialError, load_steps, read

HEADING = "## If it went wrong"
ROW = re.compile(r"^\| (?P<seen>.+?) \| (?P<advice>.+?) \|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
NAME = re.compile(r"[A-Za-z_]{3,}")
LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
STRONG = re.compile(r"\*\*([^*]+)\*\*")
EMPHASIS = re.compile(r"\*([^*]+)\*")
ANY = "…"
SHORTEST = 12  # characters; what is shorter stands in too many lines


@dataclass(frozen=True)
class Hint:
    step: Step
    seen: str
    advice: str

    @property
    def is_printed(self) -> bool:
        return bool(self._patterns())

    def fits(self, printed: str) -> bool:
        return any(pattern.search(printed) for pattern in self._patterns())

    @property
    def names(self) -> set[str]:
        """What it names of the code."""
        return set(NAME.findall(" ".join(CODE.findall(f"{self.seen} {self.advice}"))))

    def _patterns(self) -> list[re.Pattern[str]]:
        pieces = [text for text in CODE.findall(self.seen) if len(text.replace(ANY, "")) >= SHORTEST]
        return [re.compile("[^\\n]*?".join(map(re.escape, text.strip(ANY).split(ANY)))) for text in pieces]


def hints_of(chapter: int) -> list[Hint]:
    step = load_steps()[chapter - 1]
    _, _, section = read(step.page).partition(HEADING)
    if not section:
        raise TutorialError(f"docs/tutorial/{step.page.name} has no section “{HEADING.strip('# ')}”.")
    rows = ROW.findall(section.split("\n## ")[0])[2:]  # without the table's head
    return [Hint(step, seen, advice) for seen, advice in rows]


def in_terminal(markdown: str) -> str:
    """A piece of a page without its marks. What is in italics there, and so seen in a browser, is in quotes here."""
    pieces = CODE.split(markdown)  # every second one is code, in which an asterisk is an asterisk
    pieces[::2] = [EMPHASIS.sub(r"“\1”", STRONG.sub(r"\1", LINK.sub(r"\1", piece))) for piece in pieces[::2]]
    return "".join(pieces)


def find_hints(printed: str, up_to: int) -> list[Hint]:
    """What fits to what was printed, of the newest chapter first, since that is where the reader is."""
    return [hint for chapter in range(up_to, 0, -1) for hint in hints_of(chapter) if hint.fits(printed)]
