"""Whether this process can do its work: `/healthz`, for a load balancer or whoever looks for a fault."""

import asyncio

from channels.layers import get_channel_layer
from django import db
from django.http import HttpRequest, JsonResponse

from .doorbell import OUTAGE
from .models import Note

PATIENCE_SECONDS = 2.0
OK, DOWN = "ok", "down"


async def healthz(request: HttpRequest) -> JsonResponse:
    answers = {"database": await _database(), "channel_layer": await _channel_layer()}
    return JsonResponse(answers, status=503 if DOWN in answers.values() else 200)


async def _database() -> str:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await Note.objects.aexists()
    except (db.Error, TimeoutError):
        return DOWN
    return OK


async def _channel_layer() -> str:
    layer = get_channel_layer()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await layer.group_send("notes.health", {"type": "health"})
    except OUTAGE:
        return DOWN
    return OK
