"""Support for a path prefix, with which a server may have been started: `--root-path /kit`.

Django puts the prefix of a request before the addresses of its views. This module does the rest: static files, whose
address Django fixes at start, and cookies, which another site on the same host would also receive.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponseBase
from django.urls import get_script_prefix
from django.utils.decorators import async_only_middleware

Answer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class UnderPrefix(StaticFilesStorage):
    def url(self, *arguments: Any, **options: Any) -> str:
        return get_script_prefix().rstrip("/") + super().url(*arguments, **options)


@async_only_middleware
def keep_cookies_under_prefix(get_response: Answer) -> Answer:
    async def answer(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        for cookie in response.cookies.values():
            cookie["path"] = f"{request.META['SCRIPT_NAME']}/"
        return response

    return answer
