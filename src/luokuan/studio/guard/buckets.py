"""Token buckets: so many at once, then so many a second, for each name."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 20_000
"""Names that are remembered; the one that was quiet for longest is forgotten first."""


class Buckets:
    """A bucket a name, each filled at the start.

    Args:
        burst: How many at once.
        rate: How many come back, a second.
        clock: Seconds that only grow.
    """

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._rate, self._clock = burst, rate, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> float:
        """Take one. Returns 0.0, or the seconds after which there is one again (nothing is taken then)."""
        with self._lock:
            left = self._now(name)
            wait = 0.0 if left >= 1 else (1 - left) / self._rate
            self._left[name] = (left if wait else left - 1, self._clock())
            self._left.move_to_end(name)
            if len(self._left) > MOST:
                self._left.popitem(last=False)
            return wait

    def state(self, name: str) -> tuple[float, float]:
        """How many there are now, and the seconds until the bucket is full; nothing is taken."""
        with self._lock:
            left = self._now(name)
            return left, (self._burst - left) / self._rate

    def give_back(self, name: str) -> None:
        """Fill a bucket again, as after a login that succeeded."""
        with self._lock:
            self._left.pop(name, None)

    def _now(self, name: str) -> float:
        left, at = self._left.get(name, (self._burst, self._clock()))
        return min(self._burst, left + (self._clock() - at) * self._rate)
