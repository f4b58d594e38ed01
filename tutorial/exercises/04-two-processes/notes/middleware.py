"""Names in a header of each response the process that made it."""

import os
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class ProcessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["X-Process"] = str(os.getpid())
        return response
