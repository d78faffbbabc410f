"""Where ids and chance come from.

An id is a short prefix that tells what it names, an underscore, and a ULID in lower case
(48 bits of milliseconds, 80 bits of entropy, Crockford base 32, see github.com/ulid/spec):
readable in a log, sortable by age, and chosen by us before any site is asked.
"""

import hashlib
import os
from collections.abc import Callable

from hanza.kit.clock import Clock

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
ENTROPY_BYTES = 10
_PAIRS = [one + other for one in ALPHABET for other in ALPHABET]
_SHIFTS = range(120, -1, -10)


def ulid(milliseconds: int, entropy: bytes) -> str:
    """26 characters from 48 bits of time and 80 bits of entropy."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a ULID takes {ENTROPY_BYTES} bytes of entropy")
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(entropy)
    return "".join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])


def derived(prefix: str, *parts: str) -> str:
    """An id that follows from what it is made of: whoever asks again gets the same."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"{prefix}_{ulid(int.from_bytes(digest[:6]), digest[6:16])}"


class Ids:
    """Makes ids.  Tests pass a seeded `entropy`, so that a run can be repeated."""

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._entropy = entropy

    def new(self, prefix: str) -> str:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        return f"{prefix}_{ulid(milliseconds, self._entropy(ENTROPY_BYTES))}"

    def secret(self, size: int = 32) -> bytes:
        """Bytes that nobody can guess."""
        return self._entropy(size)
