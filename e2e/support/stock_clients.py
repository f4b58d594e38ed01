"""Stock clients in Node, told what to do line by line."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tools.app_server import REPOSITORY
from tools.patience import patience

SCRIPT = Path(__file__).with_name("stock_client.mjs")


class NodeClient:
    """y-websocket 3 in a Node process."""

    def __init__(self, note: str) -> None:
        address, room = socket_address(note).rsplit("/", 1)
        self._process = subprocess.Popen(
            ["node", str(SCRIPT), address, room],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def do(self, verb: str, times: int = 1, **arguments: Any) -> Any:
        """Waits for the answer, this many times as long as usual."""
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):  # it has ended, and so gives no answer
            self._process.stdin.write(json.dumps({"do": verb, **arguments}) + "\n")
        impatience = threading.Timer(times * patience.claim_seconds, self._process.kill)
        impatience.start()
        answer = self._process.stdout.readline()
        impatience.cancel()
        assert answer, f"The client gave no answer to {verb}."
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def node_client(note: str, *, syncs: bool = True) -> Iterator[NodeClient]:
    client = NodeClient(note)
    try:
        if syncs:
            client.do("sync")
        yield client
    finally:
        client.close()


def socket_address(note: str) -> str:
    return f"ws{note.rstrip('/').removeprefix('http').replace('/notes/', '/ws/notes/')}"
