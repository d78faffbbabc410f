"""Releases for tests: archives that are as they should be, and archives that are not."""

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hanza.boot.packing import pack
from hanza.kit.platform_tag import platform_tag
from hanza.model.release import Release, Signed
from hanza.wire.credentials import new_agent_key
from hanza.wire.release_v1 import MANIFEST, sign_release

KEY, OTHER_KEY = new_agent_key(b"k" * 32), new_agent_key(b"o" * 32)
FILES = {"hanza/__init__.py": b"", "hanza/boot/main.py": b"print('hello')\n"}


def an_archive(version: str = "0.2.0", files: Mapping[str, bytes] = FILES, tag: str = "") -> bytes:
    return pack(files, version, tag or platform_tag())


def a_release(archive: bytes, version: str = "0.2.0", **more: object) -> Release:
    digest, now = hashlib.sha256(archive).hexdigest(), datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 -- signed for real machines
    until = now + timedelta(days=9)
    said = Release(version, platform_tag(), digest, len(archive), now, until)
    return replace(said, **more)  # type: ignore[arg-type]


def signed(archive: bytes, version: str = "0.2.0", **more: object) -> Signed:
    return sign_release(a_release(archive, version, **more), KEY)


def a_crooked_archive(
    entries: Mapping[str, bytes],
    told: Mapping[str, bytes] | None = None,
    link: str = "",
    more: int = 0,
    packed: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """One with these entries whose manifest tells of others, or of `more` bytes of each; `link`
    is to be a symbolic link."""
    told = entries if told is None else told
    files = [
        [path, len(text) + more, hashlib.sha256(text).hexdigest()] for path, text in told.items()
    ]
    manifest = {"form": 1, "name": "hanza", "version": "0.2.0", "tag": "x", "files": files}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        for path, text in entries.items():
            entry = zipfile.ZipInfo(path)
            entry.compress_type = packed
            kind = stat.S_IFLNK if path == link else stat.S_IFREG
            entry.external_attr = (kind | 0o644) << 16
            archive.writestr(entry, text)
    return written.getvalue()


def inside(folder: Path) -> dict[str, bytes]:
    """What was laid there, by its path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
