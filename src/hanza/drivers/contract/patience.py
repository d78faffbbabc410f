"""Waiting in tests: look again until it is so, and say what never came true."""

import threading
import time
from collections.abc import Callable


def until(condition: Callable[[], bool], what: str, within_s: float = 10.0) -> None:
    """Return as soon as `condition()` holds; fail with `what` when it never does in time."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {what}")
        pause.wait(0.05)
