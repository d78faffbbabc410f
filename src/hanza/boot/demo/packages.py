"""The Debian packages that the demo and the tests with real engines need: the one list of them.

Promises: what is there already is not touched, and an installation once begun is finished.
As a program it installs what is missing of the list and of the names it is given.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hanza.boot.lab.process import run, run_through

NEEDED = (
    "busybox-static",
    "cpio",
    "genisoimage",
    "iproute2",
    "libvirt-clients",
    "libvirt-daemon",
    "libvirt-daemon-driver-qemu",
    "qemu-system-x86",
    "qemu-utils",
)
LISTS = Path("/var/lib/apt/lists")
UPDATE = ("apt-get", "-q", "update")
INSTALL = (
    "apt-get", "-q", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300",
)  # fmt: skip
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def list_missing(needed: Sequence[str] = NEEDED) -> list[str]:
    said = run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n", *needed], accept=(0, 1)
    )
    return missing_of(needed, said)


def missing_of(needed: Sequence[str], said: str) -> list[str]:
    """What is needed and not said to be installed (`ii`) by dpkg-query."""
    rows = [line.split() for line in said.splitlines()]
    there = {row[0] for row in rows if len(row) == 2 and row[1].startswith("ii")}
    return [name for name in needed if name not in there]


def has_lists() -> bool:
    """Whether apt knows what there is; a fresh container does not, and then downloads nothing."""
    return any(LISTS.glob("*_Packages*"))


def update(log: Path) -> None:
    run_through(UPDATE, log, QUIET)


def install(missing: Sequence[str], log: Path) -> None:
    update(log)
    run_through([*INSTALL, *missing], log, QUIET)


def main() -> None:
    missing = list_missing((*NEEDED, *sys.argv[1:]))
    if missing:
        print(f"installing {' '.join(missing)}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            install(missing, Path(folder) / "apt.log")


if __name__ == "__main__":
    main()
