"""What a fake site consists of, and its file.

Promises: the file is replaced as a whole, so that a process killed at any moment leaves the
site as it was before or after a call, never between.  It is not durable against power loss.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from hanza.model.guest import GuestSpec, HostFacts, Power
from hanza.model.ids import InstanceId, NativeId, VolumeId
from hanza.model.image import BLANK


@dataclass(slots=True)
class GuestRow:
    """A guest at the site.  `federation` is None for what bears no mark of ours."""

    native: NativeId
    federation: str | None
    owner: InstanceId
    run_epoch: int
    host: str
    spec: GuestSpec
    power: Power = "off"
    powered_at: datetime | None = None
    serial: bytes = b""
    """What it wrote in its last run; of a run that goes on, see `FakeSite.serial_of`."""
    echoed: bytes = b""
    """What was typed at its console in the run that goes on."""
    disk: bytes = b""


@dataclass(slots=True)
class VolumeRow:
    native: NativeId
    federation: str | None
    owner: VolumeId
    host: str
    size_mib: int
    attached_to: NativeId | None = None
    content: bytes = b""
    image: str = BLANK


@dataclass(slots=True)
class State:
    hosts: dict[str, HostFacts]
    guests: dict[NativeId, GuestRow] = field(default_factory=dict)
    volumes: dict[NativeId, VolumeRow] = field(default_factory=dict)
    lost_disks: dict[str, bytes] = field(default_factory=dict)
    """By federation, owner and run: what is left where a guest was removed behind our back."""
    made: int = 0
    """How many things were ever made here; the next native id."""


def _fingerprint(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


class StateFile:
    """The site's file, shared by whichever processes have it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(path.name + ".lock")
        self._read: tuple[int, int, int] | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        # A lock of its own beside the state, because the state file itself is replaced.
        with self._lock_path.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def load_if_changed(self) -> State | None:
        """The state as another process left it; None when it is as we last saw it."""
        now = _fingerprint(self._path)
        if now is None or now == self._read:
            return None
        self._read = now
        return msgspec.json.decode(self._path.read_bytes(), type=State)

    def save(self, state: State) -> None:
        beside = self._path.with_name(self._path.name + ".new")
        beside.write_bytes(msgspec.json.encode(state))
        os.replace(beside, self._path)
        self._read = _fingerprint(self._path)
