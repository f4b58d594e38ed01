"""Calls that do nothing because nobody awaits them are found in the source, and nothing else is."""

from pathlib import Path

import pytest

from tutorial.checking.unawaited import Call, find_unawaited
from tutorial.steps import REPOSITORY, load_steps, solution, write_project

SOURCE = """
import asyncio

async def ring(): ...
def write(): ...

class NoteConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        {call}
    async def tell(self): ...
    def note(self): ...

class Pulse:
    async def beat(self):
        {call}
    def send(self): ...
    async def tell(self): ...
"""
IN_BOTH = [
    "self.channel_layer.group_send('note.1', {})",
    "self.channel_layer.group_add('note.1', '')",
    "get_channel_layer().send('', {})",
    "asyncio.sleep(1)",
    "Note.objects.acreate(title='')",
    "Note.objects.filter(pk=1).aupdate(title='')",
    "note.asave()",
    "self.tell()",
    "ring()",
]
IN_A_CONSUMER = ["self.accept()", "self.send('')", "self.close(4403)"]
RIGHT = ["await ring()", "asyncio.create_task(ring())", "write()", "self.note()", "note.save()", "tasks = [ring()]"]


def lines_in(tmp_path: Path, call: str) -> list[int]:
    (tmp_path / "consumers.py").write_text(SOURCE.format(call=call))
    return [found.line for found in find_unawaited(tmp_path)]


@pytest.mark.parametrize("call", IN_BOTH)
def test_a_call_that_is_not_awaited(tmp_path: Path, call: str) -> None:
    assert lines_in(tmp_path, call) == [9, 15]
    assert lines_in(tmp_path, f"await {call}") == []


@pytest.mark.parametrize("call", IN_A_CONSUMER)
def test_a_method_of_the_consumer(tmp_path: Path, call: str) -> None:
    """Another class may have one of the same name, which is to be called."""
    assert lines_in(tmp_path, call) == [9]


@pytest.mark.parametrize("call", RIGHT)
def test_what_is_right(tmp_path: Path, call: str) -> None:
    assert lines_in(tmp_path, call) == []


def test_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "pulse.py").write_text("async def beat():\n\n    asyncio.sleep(1)\n")
    (tmp_path / "broken.py").write_text("def")
    assert find_unawaited(tmp_path) == [Call("notes/pulse.py", 3, "asyncio.sleep")]


@pytest.mark.parametrize("chapter", range(1, len(load_steps()) + 1))
def test_the_chapters_await_everything(tmp_path: Path, chapter: int) -> None:
    write_project(chapter, tmp_path)
    for path, source in solution(chapter).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(source.read_bytes())
    assert find_unawaited(tmp_path) == []


@pytest.mark.parametrize("folder", ["channels_yjs", "notes", "examples"])
def test_the_app_awaits_everything(folder: str) -> None:
    assert find_unawaited(REPOSITORY / folder) == []
