"""The migrations, applied to notes that are older than they are."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from pycrdt import Doc, Text

from notes.tests.test_settings import manage

INSERT = "INSERT INTO notes_note (title, text, created_at, updated_at) VALUES (?, ?, '2026-01-01', '2026-01-01')"

FIRST_UPDATE = (
    "SELECT payload FROM channels_yjs_update JOIN channels_yjs_document ON channels_yjs_document.id = document_id "
    "WHERE object_id = '2'"
)


def test_a_text_from_a_textarea_gets_plain_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite3"
    assert manage("migrate", "notes", "0002", DATABASE_URL=f"sqlite:///{path}").returncode == 0
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(INSERT, ["A\r\ntitle", "one\r\ntwo\rthree\n"])
    assert manage("migrate", DATABASE_URL=f"sqlite:///{path}").returncode == 0
    with closing(sqlite3.connect(path)) as database:
        shown = database.execute("SELECT title, text FROM notes_note WHERE id = 2").fetchone()
        ((payload,),) = database.execute(FIRST_UPDATE)
    doc = Doc[Any]()
    title, body = doc.get("title", type=Text), doc.get("body", type=Text)
    doc.apply_update(payload)
    assert (str(title), str(body)) == shown == ("A title", "one\ntwo\nthree\n")
