"""Who writes to the database first."""

import asyncio
import threading
from collections.abc import Mapping

import pytest

from channels_yjs.log import store
from channels_yjs.log import writer as writing
from channels_yjs.log.replica import Row
from channels_yjs.log.store import AnotherDocumentError, Batch, DocumentError
from channels_yjs.log.writer import DatabaseThread, HeldError, Writer


class OneUpdate:
    """A room with something to save."""

    def __init__(self, document_id: int = 1) -> None:
        self.id = document_id
        self.saved = asyncio.Event()
        self.failures = 0
        self._is_taken = False

    def take(self) -> Batch | None:
        is_taken, self._is_taken = self._is_taken, True
        return None if is_taken else Batch(0, b"update")

    def put_back(self) -> None:
        self._is_taken = False

    def committed(self, rows: list[Row]) -> None:
        if rows:
            self.saved.set()

    def vanished(self) -> None: ...

    def fail(self, error: DocumentError) -> None:
        self.failures += 1


@pytest.mark.django_db(transaction=True)  # on PostgreSQL it sets how long a commit may wait
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


@pytest.mark.django_db(transaction=True)
async def test_a_document_that_is_held_is_saved_when_it_is_free_and_the_others_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its people go on writing meanwhile, and so do others. Another one, saved with it, can never be saved."""
    loop, is_asked_again = asyncio.get_running_loop(), asyncio.Event()
    asked: list[set[int]] = []
    is_held, errors = True, list[str]()
    loop.set_exception_handler(lambda _, context: errors.append(context["message"]))

    async def write_on() -> None:
        writer.submit(held)

    def append(batches: Mapping[int, Batch]) -> dict[int, list[Row]]:
        if is_held and 1 in batches:
            asked.append(set(batches))
            asyncio.run_coroutine_threadsafe(write_on(), loop).result()
            if len(asked) > 3:
                loop.call_soon_threadsafe(is_asked_again.set)
            raise HeldError
        if 3 in batches:
            raise AnotherDocumentError(3)
        return {pk: [batch.row(1)] for pk, batch in batches.items()}

    monkeypatch.setattr(store, "append", append)
    monkeypatch.setattr(writing, "HELD_SECONDS", 0.01)
    writer, held, other, failing = Writer(), OneUpdate(), OneUpdate(2), OneUpdate(3)
    for room in (held, other, failing):
        writer.submit(room)
    committing = asyncio.create_task(writer.run())
    flushing = asyncio.create_task(writer.flush())
    await other.saved.wait()
    await is_asked_again.wait()
    late = OneUpdate(4)
    writer.submit(late)
    await late.saved.wait()
    assert not held.saved.is_set()
    assert not flushing.done()
    is_held = False
    await held.saved.wait()
    await flushing
    assert asked[0] == {1, 2, 3}
    assert all(documents == {1} for documents in asked[1:]), "it holds up no other"
    assert failing.failures == 1
    assert not errors
    committing.cancel()
    await writer.close()


async def test_a_call_is_shared_by_all_who_ask_before_it_begins_and_by_nobody_after() -> None:
    """Who asks later may have to see what was written meanwhile."""
    thread, begun, goes_on = DatabaseThread("reader"), threading.Event(), threading.Event()
    committed = ["one"]

    def look() -> int:
        seen = len(committed)
        begun.set()
        goes_on.wait()
        return seen

    first, second = (asyncio.create_task(thread.run_shared("row", look)) for _ in range(2))
    await asyncio.to_thread(begun.wait)
    committed.append("two")
    late, other = (asyncio.create_task(thread.run_shared(key, look)) for key in ("row", "another"))
    await asyncio.sleep(0)
    first.cancel()  # the others wait on
    goes_on.set()
    assert [await second, await late, await other] == [1, 2, 2]
    with pytest.raises(asyncio.CancelledError):
        await first
    await thread.close()
