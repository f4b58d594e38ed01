"""The last moment before a server stops, for saying goodbye.

Daphne has no lifespan events, but it runs on Twisted, whose reactor can be asked to wait for something before it
stops. (Daphne itself cancels its applications then, unless a browser keeps an idle HTTP connection open: it stumbles
over that one and cancels none.) Other servers close the sockets themselves, and browsers come back all the same.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any


def before_shutdown(goodbye: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if "twisted.internet.reactor" not in sys.modules:
        return
    from twisted.internet.defer import Deferred

    def wait_for_goodbye() -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(goodbye()))

    reactor: Any = sys.modules["twisted.internet.reactor"]
    reactor.addSystemEventTrigger("before", "shutdown", wait_for_goodbye)
