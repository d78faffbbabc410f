"""Images: folders with a disk, and for direct boots a kernel.  Read only.

<images>/<name>/disk.qcow2                       what every guest's own disk lies over, if any
<images>/<name>/{kernel,initrd,cmdline}          absent for an image that boots from its disk

The name `blank` is an empty disk, and no folder.
"""

import functools
import os
import re
from pathlib import Path

from hanza.drivers.libvirt.domains import Direct
from hanza.model.errors import Rejected
from hanza.model.image import BLANK

_TSC = re.compile(
    rb"tsc: (?:Detected|Refined TSC clocksource calibration:) ([0-9]+)\.([0-9]{3}) MHz"
)
KERNEL_LOG = Path("/dev/kmsg")


class Images:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def disk(self, name: str) -> Path | None:
        """What a guest's disk lies over; None when the image has a kernel alone, or is none.

        `name` was checked by `requests`, so that it stays in our folder.
        """
        disk = self._folder / name / "disk.qcow2"
        if disk.is_file():
            return disk
        if name == BLANK or (self._folder / name / "kernel").is_file():
            return None
        raise Rejected("this site does not have the image")

    def boot(self, name: str, *, emulated: bool) -> Direct | None:
        folder = self._folder / name
        if not (folder / "kernel").is_file():
            return None
        cmdline = (folder / "cmdline").read_text().strip()
        if emulated:
            cmdline = " ".join((cmdline, *words_for_emulation(KERNEL_LOG)))
        return Direct(folder / "kernel", folder / "initrd", cmdline)


@functools.cache
def words_for_emulation(kernel_log: Path) -> tuple[str, ...]:
    """What makes an emulated guest boot in seconds and with a clock that is right.

    Without being told, a guest measures its clock by timers that an emulator serves late.
    """
    words = ("no_timer_check", "mitigations=off")
    khz = host_tsc_khz(kernel_log)
    return words if khz is None else (*words, f"tsc_early_khz={khz}")


def host_tsc_khz(kernel_log: Path) -> int | None:
    """The true rate from the kernel's log, the refined one where there is one.

    The processor's advertised frequency is not it: a wrong rate makes the guest's clock wrong.
    """
    found = None
    for record in _records(kernel_log):
        match = _TSC.search(record)
        if match is not None:
            found = int(match[1]) * 1000 + int(match[2])
    return found


def _records(kernel_log: Path) -> list[bytes]:
    records: list[bytes] = []
    try:
        descriptor = os.open(kernel_log, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        # Containers and hardened hosts show nobody the log; then the guest measures.
        return records
    try:
        while record := os.read(descriptor, 8192):
            records.append(record)
    except OSError:
        # The log's end is told as "try again", and an overwritten record as a broken pipe.
        return records
    finally:
        os.close(descriptor)
    return records
