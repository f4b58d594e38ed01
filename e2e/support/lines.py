"""WebSockets of scripts, which wait as long as a busy machine needs. The library itself gives up after ten seconds,
and after twenty without an answer to a ping."""

from typing import Any

from websockets.asyncio import client
from websockets.sync.client import ClientConnection, connect

from e2e.support.patience import patience


def patient(url: str, **options: Any) -> ClientConnection:
    line: ClientConnection = connect(url, **_with_patience(options))
    return line


def patient_async(url: str, **options: Any) -> client.connect:
    return client.connect(url, **_with_patience(options))


def _with_patience(options: dict[str, Any]) -> dict[str, Any]:
    return {"proxy": None, "open_timeout": patience.script_seconds, "ping_interval": None, **options}
