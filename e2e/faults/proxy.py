"""A connection between people and a server that the test can make bad: slow, silent, cut.

A TCP proxy in the crowd's thread. To the server it is an honest client; the test decides what it does to the bytes,
and can change that while connections are open.
"""

import asyncio
import contextlib
import random
import socket
import struct
from typing import Self

from e2e.faults.crowd import Crowd

CHUNK = 64 * 1024
LINGER_NOT = struct.pack("ii", 1, 0)  # makes closing send a reset


class Proxy:
    def __init__(self, crowd: Crowd, port: int) -> None:
        self.port = 0
        self.delay_seconds = 0.0
        self.jitter_seconds = 0.0
        self.to_server, self.to_client = asyncio.Event(), asyncio.Event()  # whether bytes pass
        self.to_server.set()
        self.to_client.set()
        self._crowd = crowd
        self._target = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._arriving: set[asyncio.Task[None] | None] = set()
        self._is_closed = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._reset_after: int | None = None

    def __enter__(self) -> Self:
        self._crowd.run(self._listen())
        return self

    def __exit__(self, *exception: object) -> None:
        self._crowd.run(self._close())

    def url(self, address: str) -> str:
        """The same address through this proxy."""
        return address.replace(f":{self._target}/", f":{self.port}/")

    def stop(self, *directions: asyncio.Event) -> None:
        """Holds the bytes of these directions from now on. Nothing is closed: the connection dies without a sign."""

        def stop() -> None:
            for direction in directions:
                direction.clear()

        self._crowd.do(stop)

    def go_on(self) -> None:
        for direction in (self.to_server, self.to_client):
            self._crowd.do(direction.set)

    def reset(self) -> None:
        """Cuts every connection, like a router that has forgotten them."""
        self._crowd.do(self._reset)

    def reset_in_the_middle(self, after: int) -> None:
        """Lets this many more bytes through to the server, and then cuts."""

        def arm() -> None:
            self._reset_after = after

        self._crowd.do(arm)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        self._is_closed = True
        await asyncio.gather(*filter(None, self._arriving))  # new clients are connected to the server as well
        self._reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._arriving.add(asyncio.current_task())
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        finally:
            self._arriving.discard(asyncio.current_task())
        self._writers |= {writer, server_writer}
        if self._is_closed:
            return
        for source, target, passes in (
            (reader, server_writer, self.to_server),
            (server_reader, writer, self.to_client),
        ):
            task = asyncio.create_task(self._pump(source, target, passes))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, passes: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                if self.delay_seconds or self.jitter_seconds:
                    await asyncio.sleep(self.delay_seconds + random.uniform(0, self.jitter_seconds))
                await passes.wait()
                if passes is self.to_server and self._reset_after is not None:
                    data, self._reset_after = data[: self._reset_after], self._reset_after - len(data)
                target.write(data)
                await target.drain()
                if self._reset_after is not None and self._reset_after <= 0:
                    self._reset_after = None
                    self._reset()
        if not target.is_closing():
            target.close()
        self._writers.discard(target)

    def _reset(self) -> None:
        for writer in self._writers:
            line: socket.socket | None = writer.get_extra_info("socket")
            if line and line.fileno() >= 0:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            writer.transport.abort()
        self._writers.clear()
