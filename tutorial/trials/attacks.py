"""Attacks on a reader's server, beside two honest people: `nox -s attack -- lying-frame ../my-notes`.

No attack compares seconds. It succeeds by what people can no longer do afterwards, or by the memory that it takes.
"""

from pathlib import Path

from .deafness import be_deaf
from .lies import send_lies
from .trial import copied

ATTACKS = {"lying-frame": send_lies, "deaf-client": be_deaf}


def attack(name: str, folder: Path) -> bool:
    """Prints what happened, and returns whether the server held."""
    with copied(folder) as copy:
        held = ATTACKS[name](copy)
    print("The server held." if held else "The attack succeeded.")
    return held
