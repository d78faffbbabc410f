"""The lab's one door for waiting: look, and look again, until it is so or too late.

It is for people's commands and tests only: nothing that runs in a plane or an agent waits.
"""

import time
from collections.abc import Callable
from threading import Event

LOOK_EVERY_S = 0.05


def is_soon(is_so: Callable[[], bool], timeout_s: float, every_s: float = LOOK_EVERY_S) -> bool:
    """Whether it became so within the time."""
    until = time.monotonic() + timeout_s
    pause = Event()
    while not is_so():
        if time.monotonic() >= until:
            return False
        pause.wait(every_s)
    return True
