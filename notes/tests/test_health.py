from typing import Any

import pytest
from django.test import AsyncClient

from channels_yjs import health
from channels_yjs.testing.peers import PATIENCE_SECONDS


@pytest.mark.django_db(transaction=True)
async def test_a_load_balancer_may_ask_the_app_by_address_and_without_https(
    async_client: AsyncClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it may ask for nothing else."""
    monkeypatch.setattr(health, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    settings.ALLOWED_HOSTS = ["notes.example"]
    settings.SECURE_SSL_REDIRECT = True
    headers = {"host": "10.0.0.7:8001"}
    response = await async_client.get("/healthz", headers=headers)
    assert (response.status_code, response.json()) == (200, {"database": "ok", "channel_layer": "ok"})
    assert not response.cookies
    for path in ("/", "/healthz/", "/notes/1/", "/static/notes/notes.css", "/admin/"):
        assert (await async_client.get(path, headers=headers)).status_code == 400, path
