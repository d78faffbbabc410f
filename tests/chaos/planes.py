"""The planes of the world: several processes on one database, each with a folder and a wall clock.

The second has the first one's root, operator's token and blobs, so agents and tenants may turn to
either.  All listen on one address, each at a port of its own.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from hanza.boot.lab.process import LabError

SHARED = ("root.key", "root.pem", "operator.token", "metrics.token", "blobs")


def faketime_library() -> str:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise LabError("libfaketime is not installed: make chaos installs it")
    return str(found[0])


@dataclass(frozen=True, slots=True)
class WallClock:
    """A wall clock of its own for who is started with `env`; monotonic clocks are true."""

    path: Path

    def set(self, offset_s: int) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(f"{offset_s:+d}")
        fresh.replace(self.path)

    @property
    def env(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }


@dataclass
class Plane:
    """One process, and what has been done to it."""

    name: str
    folder: Path
    port: int
    faults: set[str] = field(default_factory=set)

    @property
    def context(self) -> Path:
        return self.folder / "context.json"

    @property
    def clock(self) -> WallClock:
        return WallClock(self.folder.with_name(f"{self.name}-clock"))

    def share(self, other: "Plane") -> None:
        """Give another, before its first start, what makes both planes of one federation."""
        other.folder.mkdir(mode=0o700)
        for name in SHARED:
            mine, theirs = self.folder / name, other.folder / name
            if mine.is_dir():
                shutil.copytree(mine, theirs)
            else:
                shutil.copy2(mine, theirs)
