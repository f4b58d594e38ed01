"""The other server processes that this one hears of."""

import time

HEARTBEAT_SECONDS = 2.0  # how often each says that it is there
SILENCE_SECONDS = 7.0  # after which it is taken for gone


class Neighbours:
    def __init__(self) -> None:
        self._heard: dict[str, float] = {}  # when, by the clock of time.monotonic

    def hear(self, process: str) -> bool:
        """Returns whether it is new."""
        is_new = process not in self._heard
        self._heard[process] = time.monotonic()
        return is_new

    def forget_silent(self) -> list[str]:
        """Returns those that have not been heard of for too long. They are new when they come back."""
        silent = [process for process, heard in self._heard.items() if time.monotonic() - heard > SILENCE_SECONDS]
        for process in silent:
            del self._heard[process]
        return silent
