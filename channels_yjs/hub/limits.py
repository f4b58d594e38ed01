"""How much one connection, one address and one process may ask for. Each limit is a setting.

Knows no sockets and no documents. Times are those of `time.monotonic`, in seconds.
"""

import time
from collections import Counter

from channels_yjs.conf import setting
from channels_yjs.wire.messages import CloseCode, Refused

BURST_SECONDS = 2.0  # the allowance of this many seconds may be used at once
# Work this long costs as much as one frame, so 1 000 frames a second use at most a tenth of the process's time.
SECONDS_OF_WORK = 0.0001
MAX_KNOWN_ADDRESSES = 10_000  # above it, addresses whose bucket is full again are forgotten


class Bucket:
    """Holds BURST_SECONDS of `rate`, and fills at that rate."""

    __slots__ = ("_full_at", "_seconds_each")

    def __init__(self, rate: float) -> None:
        self._seconds_each = 1 / rate
        self._full_at = 0.0

    def is_full(self, now: float) -> bool:
        return self._full_at <= now

    def take(self, now: float) -> bool:
        """Returns False if the bucket is empty."""
        full_at = max(self._full_at, now) + self._seconds_each
        if full_at - now > BURST_SECONDS + self._seconds_each / 2:  # half of one, for the rounding
            return False
        self._full_at = full_at
        return True

    def take_for_work(self, now: float, seconds: float) -> None:
        """Charges slow work like many frames, but never more than half the bucket: one heavy update may be honest and
        must get through."""
        self._full_at = max(self._full_at, now) + min(
            seconds / SECONDS_OF_WORK * self._seconds_each, BURST_SECONDS / 2
        )


class Admission:
    """Counts the connections of this process, in total and by address, and refuses those above a limit."""

    def __init__(self) -> None:
        self._connections: Counter[str] = Counter()
        self._arrivals: dict[str, Bucket] = {}

    def enter(self, address: str) -> None:
        """Counts a connection. Raises Refused, and counts that one as well: it takes a socket until it is closed."""
        self._connections[address] += 1
        if self._connections.total() > setting("MAX_CONNECTIONS"):
            raise Refused(CloseCode.TRY_AGAIN, "The server cannot accept more connections.")
        if self._connections[address] > setting("MAX_CONNECTIONS_PER_ADDRESS"):
            raise Refused(CloseCode.FLOODING, "There are too many connections from this address.")
        if not self._bucket(address).take(time.monotonic()):
            raise Refused(CloseCode.TRY_AGAIN, "This address connects too often.")

    def leave(self, address: str) -> None:
        self._connections[address] -= 1
        if not self._connections[address]:
            del self._connections[address]

    def _bucket(self, address: str) -> Bucket:
        if len(self._arrivals) > MAX_KNOWN_ADDRESSES:
            now = time.monotonic()
            self._arrivals = {a: bucket for a, bucket in self._arrivals.items() if not bucket.is_full(now)}
        return self._arrivals.setdefault(address, Bucket(setting("MAX_CONNECTS_PER_SECOND")))
