"""WebSockets of pages on which what either end says is held up for a while, as on a slow line."""

from collections.abc import Callable
from functools import partial
from typing import Self

from playwright.sync_api import Page, WebSocketRoute

Said = str | bytes


class Held:
    """What one end says. In the block, it does not come to the other."""

    def __init__(self) -> None:
        self.waiting: list[partial[None]] = []  # each lets one message come
        self._is_held = False

    def said(self, tell: Callable[[Said], None], message: Said) -> None:
        if self._is_held:
            self.waiting.append(partial(tell, message))
        else:
            tell(message)

    @property
    def messages(self) -> list[bytes]:
        said = [let_come.args[0] for let_come in self.waiting]
        return [one.encode() if isinstance(one, str) else one for one in said]

    def release(self) -> None:
        """Lets come what has waited so far."""
        waiting, self.waiting = self.waiting, []
        for let_come in waiting:
            let_come()

    def __enter__(self) -> Self:
        self._is_held = True
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_held = False
        self.release()


class SlowLines:
    """Of all pages that are opened in a test."""

    def __init__(self) -> None:
        self.from_pages, self.from_server = Held(), Held()

    def watch(self, page: Page) -> None:
        page.route_web_socket("**/ws/**", self._connect)

    def _connect(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        page.on_message(lambda message: self.from_pages.said(server.send, message))
        server.on_message(lambda message: self.from_server.said(page.send, message))
