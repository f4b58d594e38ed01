"""Sockets to the whole application, without a server. They wait as patiently as peers do: Channels' own give up after
a second, which is too soon on a busy machine."""

from typing import Any

from channels.testing import WebsocketCommunicator

from channels_yjs.testing.peers import PATIENCE_SECONDS


class Socket(WebsocketCommunicator):
    async def receive_output(self, timeout: float = PATIENCE_SECONDS) -> Any:  # noqa: ASYNC109 - as its base
        return await super().receive_output(max(timeout, PATIENCE_SECONDS))

    async def wait(self, timeout: float = PATIENCE_SECONDS) -> None:  # noqa: ASYNC109 - as its base
        await super().wait(max(timeout, PATIENCE_SECONDS))
