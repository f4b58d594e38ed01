from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import OperationalError
from django.test import AsyncClient
from redis.exceptions import ConnectionError as RedisConnectionError

from notes.models import Note

pytestmark = pytest.mark.django_db(transaction=True)


async def test_all_is_well(async_client: AsyncClient) -> None:
    response = await async_client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"database": "ok", "channel_layer": "ok"})


async def test_a_database_that_does_not_answer(async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(Note.objects, "aexists", fail)
    response = await async_client.get("/healthz")
    assert (response.status_code, response.json()) == (503, {"database": "down", "channel_layer": "ok"})


async def test_a_channel_layer_that_does_not_answer(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*args: Any) -> None:
        raise RedisConnectionError("away")

    monkeypatch.setattr(get_channel_layer(), "group_send", fail)
    response = await async_client.get("/healthz")
    assert (response.status_code, response.json()) == (503, {"database": "ok", "channel_layer": "down"})
