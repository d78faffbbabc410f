"""The agent's side of its slots: where a release is laid, and what it and its launcher tell.

Promises: a slot is staged only once all of it is on the disk, and it is never the one that runs,
nor the one that the launcher would go back to.
It starts nothing: see `launcher`.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from hanza.agent.disk import write_whole
from hanza.agent.launcher import (
    GOOD,
    INSTALLED,
    KEEP_VARIABLE,
    RECORD,
    SLOT_VARIABLE,
    SLOTS,
    STAGED,
    TRIAL_VARIABLE,
)
from hanza.agent.unpack import unpack
from hanza.model.errors import Unavailable
from hanza.model.release import Release
from hanza.wire.release_v1 import ManifestDoc


@dataclass(frozen=True, slots=True)
class Launched:
    """How a launcher has started this agent."""

    slot: str
    trial: str
    """The digest of the release that is being tried; empty when this one is good."""
    keep_for: timedelta


class Returned(msgspec.Struct):
    """What the launcher has given up last."""

    version: str
    digest: str
    number: int
    why: str
    attempt: int | None = None


class _Record(msgspec.Struct):
    current: str = INSTALLED
    returned: Returned | None = None


def launched_from(environ: Mapping[str, str]) -> Launched | None:
    """None when no launcher runs this agent: it cannot be updated then."""
    slot = environ.get(SLOT_VARIABLE)
    if slot is None:
        return None
    keep_for = timedelta(seconds=float(environ.get(KEEP_VARIABLE, "0")))
    return Launched(slot, environ.get(TRIAL_VARIABLE, ""), keep_for)


class Slots:
    def __init__(self, state: Path) -> None:
        self.folder = state / SLOTS
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def lay(self, archive: Path, beside: str, check: Callable[[ManifestDoc], None]) -> str:
        """Unpack into the slot that does not run; its name.  Raises as `unpack` does.

        Raises `Unavailable` while the launcher would go back to another slot than `beside`.
        """
        if self._record().current != beside:
            raise Unavailable("the launcher has not yet kept what runs here")
        slot = "b" if beside == "a" else "a"
        unpack(archive, self.folder / slot, check)
        return slot

    def stage(self, slot: str, release: Release, attempt: int) -> None:
        """Have the launcher try it once this agent has ended."""
        told = {"version": release.version, "digest": release.digest, "attempt": attempt}
        write_whole(self.folder, STAGED, json.dumps({"form": 1, "slot": slot, **told}).encode())

    def say_good(self, digest: str) -> None:
        write_whole(self.folder, GOOD, json.dumps({"digest": digest}).encode())

    def returned(self) -> Returned | None:
        return self._record().returned

    def _record(self) -> _Record:
        try:
            return msgspec.json.decode((self.folder / RECORD).read_bytes(), type=_Record)
        except (FileNotFoundError, msgspec.DecodeError):
            return _Record()

    def free_bytes(self) -> int:
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize
