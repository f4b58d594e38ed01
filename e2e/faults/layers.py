"""Channel layers that fail as real ones may, for server processes of the tests.

Choose one with DJANGO_SETTINGS_MODULE=e2e.faults.unreliable or e2e.faults.forgetful. The layer of channels_redis
passes all calls on to one per event loop, so `_get_layer` returns the real one.
"""

import asyncio
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

LATE_SECONDS = 0.5
FORGOTTEN_AFTER_SECONDS = 0.5


class UnreliableLayer(RedisPubSubChannelLayer):
    """Drops a third of the messages, doubles a third, and has some overtaken by later ones."""

    _late: set[asyncio.Task[None]] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        for _ in range(random.choice([0, 1, 2])):
            task = asyncio.create_task(self._send_late(group, message))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def _send_late(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(random.uniform(0, LATE_SECONDS))
        await self._get_layer().group_send(group, message)


class ForgetfulLayer(RedisPubSubChannelLayer):
    """Soon forgets the members of a group, as a layer may do after a day, and prints the group."""

    async def group_add(self, group: str, channel: str) -> None:
        await self._get_layer().group_add(group, channel)
        asyncio.get_running_loop().call_later(
            FORGOTTEN_AFTER_SECONDS, lambda: asyncio.ensure_future(self._forget(group, channel))
        )

    async def _forget(self, group: str, channel: str) -> None:
        await self._get_layer().group_discard(group, channel)
        print("forgotten", group, flush=True)
