"""Who writes to the database first."""

import asyncio
from collections.abc import Mapping

import pytest

from channels_yjs.log import store
from channels_yjs.log.replica import Row
from channels_yjs.log.store import Batch, DocumentError
from channels_yjs.log.writer import Writer


class OneUpdate:
    """A room with something to save."""

    id = 1

    def __init__(self) -> None:
        self.saved = asyncio.Event()

    def take(self) -> Batch | None:
        return Batch(0, b"update")

    def put_back(self) -> None: ...

    def committed(self, rows: list[Row]) -> None:
        self.saved.set()

    def vanished(self) -> None: ...

    def fail(self, error: DocumentError) -> None: ...


async def test_a_commit_does_not_wait_for_all_that_is_due_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def append(batches: Mapping[int, Batch]) -> dict[int, list[Row]]:
        written.append("commit")
        return {pk: [batch.row(1)] for pk, batch in batches.items()}

    monkeypatch.setattr(store, "append", append)
    writer, room = Writer(), OneUpdate()
    committing = asyncio.create_task(writer.run())
    others = [asyncio.create_task(writer.run_between(written.append, "fields")) for _ in range(100)]
    await asyncio.sleep(0)
    writer.submit(room)
    await room.saved.wait()
    assert written.index("commit") < 10
    await asyncio.gather(*others)
    assert written.count("fields") == 100
    committing.cancel()
    await writer.close()
