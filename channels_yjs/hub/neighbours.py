"""The other server processes that this one hears of."""

import time

HEARTBEAT_SECONDS = 2.0  # between two heartbeats of a process
SILENCE_SECONDS = 7.0  # a process that is silent for longer counts as gone


class Neighbours:
    def __init__(self) -> None:
        self._heard: dict[str, float] = {}  # the time of each one's last heartbeat, by time.monotonic

    def hear(self, process: str) -> bool:
        """Returns whether the process is new."""
        is_new = process not in self._heard
        self._heard[process] = time.monotonic()
        return is_new

    def forget_silent(self) -> list[str]:
        """Forgets and returns the processes that have been silent for too long. They are new when they come back."""
        silent = [process for process, heard in self._heard.items() if time.monotonic() - heard > SILENCE_SECONDS]
        for process in silent:
            del self._heard[process]
        return silent
