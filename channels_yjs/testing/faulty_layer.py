"""A channel layer that behaves like Redis on a bad day: it drops, doubles and reorders messages."""

import random
from typing import Any

from channels.layers import InMemoryChannelLayer


class FaultyChannelLayer(InMemoryChannelLayer):
    """`drop`, `double` and `delay` are probabilities, settable while it runs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.random = random.Random(0)
        self.drop = self.double = self.delay = 0.0
        self._held: list[tuple[str, dict[str, Any]]] = []

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        held, self._held = self._held, []
        if self.random.random() < self.drop:
            pass
        elif self.random.random() < self.delay:
            self._held.append((group, message))  # goes out after the next one
        else:
            await super().group_send(group, message)
            if self.random.random() < self.double:
                await super().group_send(group, message)
        for late in held:
            await super().group_send(*late)
