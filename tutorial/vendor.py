"""The browser libraries of the kit, for a chapter's project, which has them in a folder of its own."""

import shutil
from pathlib import Path

from tools.app_server import REPOSITORY

SINCE = 6  # the first chapter with any
BUILT, LISTS = Path("channels_yjs/static/channels_yjs/vendor"), "channels_yjs/libraries/"
FOLDER, CHAPTERS_LISTS = Path("notes/static/notes/vendor"), "notes/libraries/"


def provide(project: Path) -> None:
    shutil.copytree(REPOSITORY / BUILT, project / FOLDER, dirs_exist_ok=True)
    made = project / FOLDER / "modules.json"  # in which esbuild wrote down where it read and wrote
    text = made.read_text(encoding="utf-8")
    made.write_text(
        text.replace(BUILT.as_posix(), FOLDER.as_posix()).replace(LISTS, CHAPTERS_LISTS), encoding="utf-8"
    )
