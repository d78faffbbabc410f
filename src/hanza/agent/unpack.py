"""Lays the files of a release's archive into a folder: all of them, safe on the disk, or none.

Promises: only what the archive's manifest names is written, each file with the size and SHA-256
that are said there, below the folder and nowhere else; links, devices, encrypted entries and
what would grow beyond the limits are refused; the folder has its name only once everything in it
is on the disk.  It asks nothing about signatures: see `updates`.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from hanza.kit.blobs import sync_folder
from hanza.plan.release import FILES_MAX, BadArchive
from hanza.wire.release_v1 import (
    MANIFEST,
    MANIFEST_BYTES_MAX,
    FileW,
    ManifestDoc,
    manifest_from_json,
)

CHUNK_BYTES = 2**18
PLAIN = (0, stat.S_IFREG)
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others can ask for any amount of memory, and fail in ways of their own."""
_UNREADABLE = (
    zipfile.BadZipFile,
    EOFError,
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)


def unpack(
    archive: Path, folder: Path, check: Callable[[ManifestDoc], None] = lambda _: None
) -> ManifestDoc:
    """Make the folder of the archive; what had its name before is gone.

    `check` is asked before a file is written.  Raises `BadArchive`, what `check` raises, and
    `OSError` where the disk does not take it; then nothing has the folder's name.
    """
    laying = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(laying, ignore_errors=True)
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, laying, ignore_errors=True)
        try:
            with zipfile.ZipFile(archive) as opened:
                entries = _entries(opened)
                content = _manifest_in(opened, entries)
                manifest = manifest_from_json(content)
                if entries.keys() - {MANIFEST} != {one.path for one in manifest.files}:
                    raise BadArchive("it has other files than its manifest names")
                check(manifest)
                laying.mkdir(mode=0o700)
                for one in manifest.files:
                    _lay(opened, entries[one.path], one, laying)
                with open(laying / MANIFEST, "xb", opener=_private) as file:
                    file.write(content)
        except _UNREADABLE as error:
            raise BadArchive(f"it is no archive that can be read: {error}") from error
        except OSError as error:
            if error.errno == errno.EINVAL:  # it names a place before its own beginning
                raise BadArchive("it is no archive that can be read") from error
            raise
        undo.pop_all()
    _sync_tree(laying)
    shutil.rmtree(folder, ignore_errors=True)
    laying.replace(folder)
    sync_folder(folder.parent)
    return manifest


def _entries(opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found = opened.infolist()
    if len(found) > FILES_MAX + 1:
        raise BadArchive(f"a release has at most {FILES_MAX} files")
    for one in found:
        is_plain = stat.S_IFMT(one.external_attr >> 16) in PLAIN and not one.is_dir()
        if not is_plain or one.flag_bits & 0x1 or one.compress_type not in PACKED:
            raise BadArchive(f"{one.filename[:80]!r} is no plain file")
    entries = {one.filename: one for one in found}
    if len(entries) != len(found):
        raise BadArchive("a file is there twice")
    return entries


def _manifest_in(opened: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> bytes:
    if MANIFEST not in entries:
        raise BadArchive(f"it has no {MANIFEST}")
    with opened.open(entries[MANIFEST]) as file:
        content = file.read(MANIFEST_BYTES_MAX + 1)
    if len(content) > MANIFEST_BYTES_MAX:
        raise BadArchive("its manifest is too large")
    return content


def _lay(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, told: FileW, below: Path) -> None:
    path = below / told.path
    for parent in reversed(path.parents[: told.path.count("/")]):
        parent.mkdir(mode=0o700, exist_ok=True)
    with opened.open(entry) as source, open(path, "xb", opener=_private) as file:
        size, digest = _copy(source, file, told.size)
        file.flush()
        os.fsync(file.fileno())
    if (size, digest) != (told.size, told.sha256):
        raise BadArchive(f"{told.path!r} is not what the manifest says")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _copy(source: IO[bytes], file: IO[bytes], limit: int) -> tuple[int, str]:
    """No more than one chunk over the limit, whatever the archive says of itself."""
    sha, size = hashlib.sha256(), 0
    while size <= limit and (chunk := source.read(CHUNK_BYTES)):
        sha.update(chunk)
        size += len(chunk)
        file.write(chunk)
    return size, sha.hexdigest()


def _sync_tree(folder: Path) -> None:
    with (folder / MANIFEST).open("rb") as file:
        os.fsync(file.fileno())
    for inside, _, _ in os.walk(folder):
        sync_folder(Path(inside))
