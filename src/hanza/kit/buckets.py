"""Token buckets: how often something may happen, for each of many keys, in bounded memory.

Each key may act `burst` times at once and `per_second` times a second in the long run.  Time is
whatever monotonic number of seconds the caller passes in; nothing here waits.  When there are more
keys than are kept, the one that was away longest is forgotten, which gives it a full bucket again.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

KEYS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """How often: in the long run, and at once.  None of it when `per_second` is 0."""

    per_second: float
    burst: int

    @property
    def is_unlimited(self) -> bool:
        return self.per_second == 0


REQUESTS = Rate(200, 2000)
"""Of one token, unless a plane is told otherwise."""
FAILURES = Rate(1, 60)
"""Of one address that brings no good token, unless a plane is told otherwise."""


class Buckets:
    """One bucket for each key."""

    def __init__(self, rate: Rate, keys_max: int = KEYS_MAX) -> None:
        self._rate = rate
        self._keys_max = keys_max
        self._kept: OrderedDict[Hashable, list[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, key: Hashable, now: float) -> float:
        """Take one; how many seconds to wait until there is one again, 0 when there was."""
        if self._rate.is_unlimited:
            return 0.0
        bucket = self._filled(key, now)
        if bucket[0] < 1:
            return (1 - bucket[0]) / self._rate.per_second
        bucket[0] -= 1
        return 0.0

    def wait_of(self, key: Hashable, now: float) -> float:
        """As `take`, without taking any, and without keeping a key that is not kept."""
        if self._rate.is_unlimited or key not in self._kept:
            return 0.0
        return max(0.0, (1 - self._filled(key, now)[0]) / self._rate.per_second)

    def _filled(self, key: Hashable, now: float) -> list[float]:
        """What there is and when that was; filled up to now."""
        kept, rate = self._kept, self._rate
        bucket = kept.get(key)
        if bucket is None:
            bucket = kept[key] = [float(rate.burst), now]
            if len(kept) > self._keys_max:
                kept.popitem(last=False)
            return bucket
        kept.move_to_end(key)
        bucket[0] = min(rate.burst, bucket[0] + (now - bucket[1]) * rate.per_second)
        bucket[1] = now
        return bucket
