"""The address of a SQLite file. A folder's name may hold any character that means something in an address."""

from pathlib import Path
from urllib.parse import quote


def url_of(path: Path) -> str:
    return f"sqlite:///{quote(str(path))}"
