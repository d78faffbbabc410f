"""The files of one federation at one host: guests' disks and volumes, all qcow2.

    <pool>/<federation>/guests/<uuid>.qcow2        an overlay over the image's disk
    <pool>/<federation>/guests/<uuid>.qcow2.new    made, but its guest is not yet defined
    <pool>/<federation>/guests/<uuid>.seed.iso     what its guest is told at the first boot
    <pool>/<federation>/volumes/<owner>.qcow2
    <pool>/<federation>/volumes/<owner>.making     not yet whole

Promises: a file appears under its name whole or not at all; only files with exactly such names
in our own folders are ever looked at or removed; a disk that a guest may have written to is
removed by order only.  Files are used directly and not through libvirt's storage pools, which
must be refreshed to see the world, one by one.
"""

import errno
import fcntl
import math
import os
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Set
from contextlib import ExitStack
from pathlib import Path

from hanza.drivers.libvirt import names
from hanza.drivers.libvirt.seed import BEING_MADE
from hanza.kit.clock import SystemClock
from hanza.model.errors import Exhausted, Rejected, Unavailable
from hanza.model.ids import FederationId, NativeId, VolumeId
from hanza.model.image import BLANK

MIB = 1024 * 1024
TOOL_TIMEOUT_S = 20
STALE_AFTER_S = 600
_HEADER = struct.Struct(">4sIQIIQ")
_MAKING = ".making"
_MAGIC = b"QFI\xfb"


def virtual_mib(file: Path) -> int | None:
    """The size that a guest sees, from the image's own header; None for anything else."""
    found = _look_into(file)
    return None if found is None else found[0]


def _look_into(file: Path) -> tuple[int, str] | None:
    """Its size in MiB, and the name of the image that it lies over."""
    try:
        with file.open("rb") as image:
            header = image.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return None
            magic, _, at, length, _, size = _HEADER.unpack(header)
            image.seek(at)
            backing = image.read(length) if at else b""
    except FileNotFoundError:
        return None
    if magic != _MAGIC:
        return None
    return size // MIB, Path(os.fsdecode(backing)).parent.name if backing else BLANK


def _run_tool(*arguments: str) -> None:
    """qemu-img, without a shell.  What it says is for people; we look at the disk instead."""
    try:
        subprocess.run(
            ("qemu-img", *arguments), check=True, capture_output=True, timeout=TOOL_TIMEOUT_S
        )
    except FileNotFoundError as error:
        raise Unavailable("qemu-img is not installed on this host") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Unavailable("a disk could not be made or grown") from error


def _refuse_small(base: Path | None, size_mib: int) -> None:
    least = 0 if base is None else virtual_mib(base)
    if least is None:
        raise Rejected("the image has no disk")
    if size_mib < least:
        raise Rejected(f"the image needs a disk of {least} MiB")


def _changed_at(file: Path) -> float:
    """When it was last written to; never, in effect, when it has just been renamed away."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)


class Pool:
    def __init__(self, root: Path, federation: FederationId) -> None:
        self._top = root / federation
        self._guests = self._top / "guests"
        self._volumes = self._top / "volumes"
        self._guests.mkdir(parents=True, exist_ok=True)
        self._volumes.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(self._top / "lock")

    @property
    def root(self) -> Path:
        """On the file system that is offered."""
        return self._top

    # -- guests' disks --------------------------------------------------------------------------

    def disk(self, native: NativeId) -> Path:
        return self._guests / f"{native}.qcow2"

    def seed(self, native: NativeId) -> Path:
        return self._guests / f"{native}.seed.iso"

    def _new_disk(self, native: NativeId) -> Path:
        return self._guests / f"{native}.qcow2.new"

    def prepare_disk(self, native: NativeId, base: Path | None, size_mib: int) -> None:
        """Make it under a name of its own, so that an unfinished create never harms a disk.

        It is empty without a `base`.  One that is there is the tenant's, whoever lost its guest's
        definition: it is used again.
        """
        _refuse_small(base, size_mib)
        if self.disk(native).exists():
            self._grow(self.disk(native), size_mib)
            return
        self._refuse_full()
        new = self._new_disk(native)
        _remove(new)
        backing = () if base is None else ("-b", str(base), "-F", "qcow2")
        _run_tool("create", "-q", "-f", "qcow2", *backing, str(new), f"{size_mib}M")

    def finish_disk(self, native: NativeId) -> None:
        """Once its guest is defined.  What is there under its name is never replaced."""
        new = self._new_disk(native)
        if self.disk(native).exists():
            _remove(new)
        elif new.exists():
            new.replace(self.disk(native))

    def drop_new_disk(self, native: NativeId) -> None:
        _remove(self._new_disk(native))
        _remove(self.seed(native))

    def remove_disk(self, native: NativeId) -> None:
        _remove(self._new_disk(native))
        _remove(self.seed(native))
        _remove(self.disk(native))

    def grow_disk(self, native: NativeId, size_mib: int) -> None:
        self.finish_disk(native)
        self._grow(self.disk(native), size_mib)

    def sweep(self, defined: Set[str]) -> None:
        """Remove what was being made by a process that died, and is no part of anything.

        Only after a while, because another process may be making it just now.
        """
        unfinished = [
            file
            for kind in ("*.qcow2.new", "*.seed.iso")
            for file in self._guests.glob(kind)
            if (native := names.guest_of_file(file.name)) is not None and native not in defined
        ]
        unfinished += self._volumes.glob(f"*{_MAKING}")
        before = SystemClock().now().timestamp() - STALE_AFTER_S
        for file in unfinished:
            if _changed_at(file) < before:
                _remove(file)
        for folder in self._guests.glob(f"{BEING_MADE}*"):
            if _changed_at(folder) < before:
                shutil.rmtree(folder, ignore_errors=True)

    # -- volumes --------------------------------------------------------------------------------

    def volume(self, owner: VolumeId) -> Path:
        return self._volumes / f"{owner}{names.VOLUME_SUFFIX}"

    def volumes(self) -> Iterator[tuple[VolumeId, int, str]]:
        """Owner, size, and the image that it lies over."""
        with os.scandir(self._volumes) as entries:
            for entry in entries:
                owner = names.volume_of_file(entry.name)
                found = None if owner is None else _look_into(Path(entry.path))
                if owner is not None and found is not None:
                    yield owner, *found

    def volume_mib(self, native: NativeId) -> int | None:
        """The size of the volume; None when there is none of this name."""
        owner = names.volume_of_file(f"{native}{names.VOLUME_SUFFIX}")
        return None if owner is None else virtual_mib(self.volume(owner))

    def make_volume(self, owner: VolumeId, size_mib: int, base: Path | None = None) -> None:
        """Over `base`, or empty without one."""
        _refuse_small(base, size_mib)
        self._refuse_full()
        making = self._volumes / f"{owner}{_MAKING}"
        _remove(making)
        backing = () if base is None else ("-b", str(base), "-F", "qcow2")
        try:
            _run_tool("create", "-q", "-f", "qcow2", *backing, str(making), f"{size_mib}M")
            making.replace(self.volume(owner))
        finally:
            _remove(making)

    def remove_volume(self, owner: VolumeId) -> None:
        _remove(self._volumes / f"{owner}{_MAKING}")
        _remove(self.volume(owner))

    def grow_volume(self, owner: VolumeId, size_mib: int) -> None:
        self._grow(self.volume(owner), size_mib)

    # -- the disk below -------------------------------------------------------------------------

    def room_mib(self) -> int:
        """What is free, and what our own files take: all that we could have."""
        status = os.statvfs(self._top)
        free = status.f_bavail * status.f_frsize
        return (free + self._taken()) // MIB

    def _taken(self) -> int:
        taken = 0
        for folder in (self._guests, self._volumes):
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        taken += entry.stat(follow_symlinks=False).st_blocks * 512
                    except FileNotFoundError:
                        # Removed by another thread since the folder was read.
                        continue
        return taken

    def _grow(self, file: Path, size_mib: int) -> None:
        has_mib = virtual_mib(file)
        if has_mib is None:
            raise Unavailable("the disk is not there")
        if has_mib < size_mib:
            self._refuse_full()
            _run_tool("resize", "-q", "-f", "qcow2", str(file), f"{size_mib}M")

    def _refuse_full(self) -> None:
        """qemu-img tells a full disk in words only, so we look before."""
        status = os.statvfs(self._top)
        if status.f_bavail * status.f_frsize < MIB:
            raise Exhausted("the host's disk is full")


class FileLock:
    """One holder among the threads of all processes; the kernel lets go of it for the dead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._held = -1

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        until = time.monotonic() + timeout
        if not self._threads.acquire(blocking, timeout):
            return False
        with ExitStack() as undo:
            undo.callback(self._threads.release)
            held = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            undo.callback(os.close, held)
            pause = threading.Event()
            while not _is_locked(held):
                if time.monotonic() > until:
                    return False
                pause.wait(0.01)
            self._held = held
            undo.pop_all()
        return True

    def release(self) -> None:
        os.close(self._held)
        self._threads.release()


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EINTR):
            return False
        raise
    return True
