import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import OperationalError
from django.test import AsyncClient
from redis.exceptions import ConnectionError as RedisConnectionError

from channels_yjs import health
from channels_yjs.models import Document
from channels_yjs.testing.peers import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", PATIENCE_SECONDS)


async def test_what_never_answers_is_down(async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*args: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(Document.objects, "aexists", hang)
    monkeypatch.setattr(get_channel_layer(), "group_send", hang)
    response = await async_client.get("/healthz")
    assert (response.status_code, response.json()) == (503, {"database": "down", "channel_layer": "down"})


async def test_all_is_well(async_client: AsyncClient) -> None:
    response = await async_client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"database": "ok", "channel_layer": "ok"})


async def test_a_load_balancer_asks_by_address_and_without_https(async_client: AsyncClient, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["kit.example"]
    settings.SECURE_SSL_REDIRECT = True
    headers = {"host": "10.0.0.7:8001"}
    response = await async_client.get("/healthz", headers=headers)
    assert (response.status_code, response.json()) == (200, {"database": "ok", "channel_layer": "ok"})
    assert not response.cookies
    assert (await async_client.head("/healthz", headers=headers)).status_code == 200
    for path in ("/", "/healthz/", "/logout/", "/static/channels_yjs/editor.css"):
        assert (await async_client.get(path, headers=headers)).status_code == 400, path
    assert (await async_client.post("/healthz", headers=headers)).status_code == 400


async def test_whatever_is_wrong_it_is_down_and_no_fault(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.nowhere.Layer"}}
    monkeypatch.setattr(Document.objects, "aexists", lambda: 1 / 0)
    response = await async_client.get("/healthz")
    assert (response.status_code, response.json()) == (503, {"database": "down", "channel_layer": "down"})


async def test_a_database_that_does_not_answer(async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(Document.objects, "aexists", fail)
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
