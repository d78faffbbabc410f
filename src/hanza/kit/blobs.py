"""A folder of files that are called by the SHA-256 of what is in them.

    <folder>/<sha256>                 whole, and what its name says
    <folder>/<sha256>.part[-<word>]   being written

Promises: a file has its name only when its bytes were hashed on the way to the disk and are safe
there; a writer that dies leaves a part and nothing else; what was not asked for by its name is
never looked at.  It knows nothing of what the bytes are, and of who may have them.
"""

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from types import TracebackType

CHUNK_BYTES = 2**18
_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PART = re.compile(r"[0-9a-f]{64}\.part(-[a-z0-9_]{1,64})?", re.ASCII)


class WrongContent(ValueError):
    """The bytes are not what their name says."""


class TooLong(ValueError):
    """There are more bytes than were announced or are allowed."""


class Part:
    """One file being written.  Left without `keep`, its bytes stay for who goes on later."""

    def __init__(self, path: Path, whole: Path, size_max: int) -> None:
        self._path = path
        self._whole = whole
        self._size_max = size_max
        self._hash = hashlib.sha256()
        self.size = 0
        self._file = path.open("a+b")
        self._file.seek(0)
        while chunk := self._file.read(CHUNK_BYTES):
            self._hash.update(chunk)
            self.size += len(chunk)

    def __enter__(self) -> "Part":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, chunk: bytes) -> None:
        """Raises `TooLong`, and whatever a full disk raises."""
        if self.size + len(chunk) > self._size_max:
            raise TooLong(f"more than {self._size_max} bytes")
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def keep(self) -> Path:
        """Give it its name.  Raises `WrongContent`, and then nothing of it is left."""
        if self._hash.hexdigest() != self._whole.name:
            self.drop()
            raise WrongContent("the bytes are not what their SHA-256 says")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._whole)
        sync_folder(self._whole.parent)
        return self._whole

    def drop(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """One process has the folder; any number of its threads may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def find(self, digest: str) -> Path | None:
        """The whole file; None when it is not here, or when the name is none."""
        path = self._folder / digest
        return path if _NAME.fullmatch(digest) and path.is_file() else None

    def claim(self, digest: str) -> int | None:
        """Its size, and a promise that no sweep takes it soon; None when it is not here."""
        with self._lock:
            path = self.find(digest)
            if path is None:
                return None
            os.utime(path)
            return path.stat().st_size

    def begin(self, digest: str, size_max: int, word: str = "") -> Part:
        """Write a new file, or go on with the part that has the same word."""
        if not _NAME.fullmatch(digest):
            raise WrongContent("not the name of a blob")
        name = f"{digest}.part-{word}" if word else f"{digest}.part"
        return Part(self._folder / name, self._folder / digest, size_max)

    def receive(self, digest: str, chunks: Iterable[bytes], size_max: int, word: str) -> int:
        """Write a whole file, or leave nothing of it; its size."""
        with self.begin(digest, size_max, word) as part, contextlib.ExitStack() as undo:
            undo.callback(part.drop)
            for chunk in chunks:
                part.write(chunk)
            part.keep()
            undo.pop_all()
            return part.size

    def free_bytes(self) -> int:
        status = os.statvfs(self._folder)
        return status.f_bavail * status.f_frsize

    def names(self) -> Iterator[str]:
        yield from (path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name))

    def sweep(self, keep: Collection[str], before: float) -> list[str]:
        """Remove whole files that are not to be kept and were claimed before an instant."""
        removed = []
        for name in list(self.names()):
            with self._lock:
                path = self._folder / name
                if name not in keep and path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    removed.append(name)
        return removed

    def sweep_parts(self, keep: Collection[str] = ()) -> None:
        """Remove what a dead process was writing, but for the parts of what is still wanted."""
        for path in list(self._folder.iterdir()):
            if _PART.fullmatch(path.name) and path.name.partition(".")[0] not in keep:
                path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a new name in it last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
