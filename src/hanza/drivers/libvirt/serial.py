"""Guests' serial ports: one log per guest, fresh at each power on, and one socket beside it.

Promises: however much a guest writes, its file keeps little more than `KEEP_BYTES` on disk after
each look, while its length goes on telling how much was written.  This is done by giving the
front of the file back to the file system, which does not move what the guest appends.

The socket is the emulator's: what is said there is typed at the port, see `console`.
"""

import ctypes
import errno
import os
from pathlib import Path

from hanza.drivers.libvirt import names
from hanza.model.ids import NativeId

KEEP_BYTES = 64 * 1024
TRIM_ABOVE_BYTES = 1024 * 1024
MOST_READ_BYTES = KEEP_BYTES
LONGEST_SOCKET_PATH = 107
"""What a unix socket's address can hold, without the byte that ends it."""
_UUID_CHARACTERS = 36
_PAGE = 4096
_KEEP_SIZE_AND_PUNCH_HOLE = 0x01 | 0x02


class SerialLogs:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, native: NativeId) -> Path:
        return self._folder / f"{native}.log"

    def socket(self, native: NativeId) -> Path | None:
        """Where the guest's port can be typed at; None in a folder whose path is too long."""
        return self._socket(native) if self.has_consoles else None

    @property
    def has_consoles(self) -> bool:
        longest = self._socket(NativeId("x" * _UUID_CHARACTERS))
        return len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH

    def _socket(self, native: NativeId) -> Path:
        return self._folder / f"{native}.sock"

    def remove(self, native: NativeId) -> None:
        self.path(native).unlink(missing_ok=True)
        self._socket(native).unlink(missing_ok=True)

    def written(self, native: NativeId) -> int:
        """How much the guest wrote since power on; trims what need not be kept."""
        try:
            status = self.path(native).stat()
        except FileNotFoundError:
            return 0
        if status.st_blocks * 512 > TRIM_ABOVE_BYTES:
            trim(self.path(native))
        return status.st_size

    def tail(self, native: NativeId, limit_bytes: int) -> bytes:
        limit = min(limit_bytes, MOST_READ_BYTES)
        if limit < 1 or not names.is_guest_uuid(native):
            return b""
        try:
            with self.path(native).open("rb") as log:
                size = os.fstat(log.fileno()).st_size
                log.seek(max(size - limit, 0))
                return log.read(limit)
        except FileNotFoundError:
            return b""

    def after(self, native: NativeId, after: int, limit_bytes: int) -> tuple[int, bytes]:
        """From where it begins, and what is there: the front of the file may be given back."""
        if not names.is_guest_uuid(native):
            return 0, b""
        try:
            with self.path(native).open("rb") as log:
                size = os.fstat(log.fileno()).st_size
                kept = max(size - MOST_READ_BYTES, 0)
                start = max(after, kept) if after <= size else kept
                log.seek(start)
                return start, log.read(max(min(limit_bytes, MOST_READ_BYTES), 0))
        except FileNotFoundError:
            return 0, b""


def trim(path: Path) -> None:
    """Give back all but the tail.  Where the file system cannot, the whole file is cut."""
    with path.open("r+b") as log:
        size = os.fstat(log.fileno()).st_size
        front = max(size - KEEP_BYTES, 0) // _PAGE * _PAGE
        if front and not _punched(log.fileno(), front):
            log.truncate(0)


def _punched(descriptor: int, size: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.fallocate(
        descriptor, _KEEP_SIZE_AND_PUNCH_HOLE, ctypes.c_longlong(0), ctypes.c_longlong(size)
    )
    if done == 0:
        return True
    if ctypes.get_errno() in (errno.EOPNOTSUPP, errno.ENOSYS):
        return False
    raise OSError(ctypes.get_errno(), "fallocate")
