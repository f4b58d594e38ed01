"""pycrdt-websocket, started under an ASGI server as in its documentation, and storing nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pycrdt.websocket import ASGIServer, WebsocketServer

rooms = WebsocketServer()
websocket = ASGIServer(rooms)


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    async with rooms:
        yield


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "lifespan":
        await websocket(scope, receive, send)
        return
    await receive()
    async with running():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
