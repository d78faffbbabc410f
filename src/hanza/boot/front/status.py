"""Whether a front runs from a state folder, and what it has said last."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from hanza.boot.front.front import LOCK, STATUS


@dataclass(frozen=True, slots=True)
class Status:
    """As `front.json` tells it."""

    pid: int
    plane: int | None
    phase: str
    starts: int
    answered: int
    not_begun: int


def status_of(state: Path) -> Status | None:
    """None where no front is alive, or has not said anything yet."""
    try:
        lock = os.open(state / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(state / STATUS)
    finally:
        os.close(lock)
    return None


def _read(path: Path) -> Status | None:
    try:
        return Status(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None


def front_of(state: Path) -> int | None:
    """Its process."""
    status = status_of(state)
    return None if status is None else status.pid
