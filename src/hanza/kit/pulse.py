"""Whether something that goes round for ever still does: it beats, and others ask since when not.

Counted on a clock that is never set back; it ends nothing and starts nothing by itself.
"""

import time


class Pulse:
    """One thread beats, any may ask; it counts as having beaten when it was made."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    def silent_for_s(self) -> float:
        return time.monotonic() - self._last
