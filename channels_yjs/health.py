"""Whether this process can do its work: `/healthz`, for load balancers and for people who look for a fault.

A middleware answers, the first of all: those behind it compare the Host with ALLOWED_HOSTS and redirect to HTTPS, but
a load balancer asks by address and over plain HTTP. It opens this one path, and says nothing but up or down.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from channels.layers import get_channel_layer
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.decorators import async_only_middleware

from .models import Document

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

PATH = "/healthz"
PATIENCE_SECONDS = 2.0
OK, DOWN = "ok", "down"


@async_only_middleware
def answer_health(get_response: Answer) -> Answer:
    async def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == PATH and request.method in ("GET", "HEAD"):
            return await healthz(request)
        return await get_response(request)

    return answer


async def healthz(request: HttpRequest) -> JsonResponse:
    answers = {part: await _try(part, use) for part, use in PARTS.items()}
    return JsonResponse(answers, status=503 if DOWN in answers.values() else 200)


async def _database() -> None:
    await Document.objects.aexists()


async def _channel_layer() -> None:
    await get_channel_layer().group_send("channels_yjs.health", {"type": "health"})


PARTS = {"database": _database, "channel_layer": _channel_layer}


async def _try(part: str, use: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await use()
    except Exception as error:  # any error counts as down; a check that raises would say less
        logger.warning("health check failed part=%s error=%r", part, error)
        return DOWN
    return OK
