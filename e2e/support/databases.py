"""Migrated databases, of which each server gets a copy: migrating takes longer than copying."""

import hashlib
import os
import shutil
from pathlib import Path

import django

from tools.app_server import REPOSITORY, AppServer
from tools.sqlite import url_of


def migrated(project: Path, place: Path) -> Path:
    """A database that is up to date for this project. It is kept beside the folders that pytest keeps, of which the
    place is one, for all processes that test the same code: other workers, and the tutorial's gates."""
    kept = next((folder for folder in place.parents if folder.name.startswith("pytest-of-")), place)
    path = kept / f"migrated-{digest_of(project)}.sqlite3"
    if not path.exists():
        new = place / path.name
        AppServer(url_of(new), project=project).migrate()
        new.replace(path)  # in one step, so that nobody finds half of it
    return path


def copy_of(database: Path, place: Path) -> str:
    """The address of a copy of its own."""
    return url_of(Path(shutil.copy(database, place / "db.sqlite3")))


def digest_of(project: Path) -> str:
    """A digest of everything that may decide how a migrated database looks, wherever the project lies."""
    digest = hashlib.sha256(django.__version__.encode())
    for folder in (project / "realtime_notes", REPOSITORY / "channels_yjs", project / "notes"):
        for source in sorted(folder.rglob("*.py")):
            name = f"{folder.name}/{source.relative_to(folder).as_posix()}"
            digest.update(b"%s %d " % (os.fsencode(name), source.stat().st_size))
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
