"""An attack: a client reads nothing while another one writes a lot, and the server may keep all of it in memory.

Each page takes the place of the one before, so the note stays small, and no limit of its size is met.
"""

from pathlib import Path

from tutorial.steps import TutorialError

from .honest import honest_people, whose_trouble
from .people import Person
from .trial import first_note, served

PAGE_BYTES, PAGES = 256 * 1024, 64
PAGES_IN_PEACE = 32  # written before, so that the server has what memory it needs for them and for folding its log
# What is kept for somebody who reads nothing adds up over the rounds; what folding takes for a moment does not.
MOST_ROUNDS = 3
MEGABYTE = 1_000_000


def be_deaf(copy: Path) -> bool:
    with served(copy) as server:
        url = first_note(server)
        ada, grace = honest_people(url)
        deaf = Person("Dan")
        write_pages(ada, grace, PAGES_IN_PEACE)
        deaf.open(url)
        before = server.resident_bytes
        for rounds in range(1, MOST_ROUNDS + 1):
            write_pages(ada, grace, PAGES)
            sent, grown = rounds * PAGES * PAGE_BYTES, max(server.resident_bytes - before, 0)
            if held := grown < sent / 2:
                break
        stays = deaf.reads(f"<{PAGES - 1}>")
        print(f"Ada wrote {sent / MEGABYTE:.0f} MB and Grace read them, while Dan read nothing.")
        print(f"  Dan's connection {'stays open' if stays else deaf.trouble}.")
        print(f"{' ' if held else '✗'} The server's memory grew by {grown / MEGABYTE:.0f} MB.")
        for person in (ada, grace, deaf):
            person.leave()
    return held


def write_pages(writer: Person, reader: Person, pages: int) -> None:
    """One after the other, in place of each other."""
    for page in range(pages):
        word = f"<{page}>"
        writer.type(word + "x" * (PAGE_BYTES - len(word)), at=0)
        if not (writer.is_told_saved() and reader.reads(word)):
            raise TutorialError(f"After {page} pages {whose_trouble(writer, reader)}.")
        writer.erase(0, PAGE_BYTES)
