"""Images for tests: small enough to be sent, true enough to be taken."""

import hashlib
import struct
from datetime import UTC, datetime

from hanza.kit.blobs import Blobs
from hanza.model.ids import ImageId
from hanza.model.image import Blob, BlobId, Image
from hanza.plan.image import bundle_of

ADDED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def a_qcow2(size_mib: int = 16, *, backing: int = 0, features: int = 0, version: int = 3) -> bytes:
    """The header of a disk, and nothing behind it."""
    first = struct.pack(">4sIQIIQI", b"QFI\xfb", version, backing, 0, 16, size_mib * 2**20, 0)
    return first.ljust(72, b"\0") + struct.pack(">Q", features).ljust(32, b"\0")


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def a_blob(content: bytes) -> Blob:
    return Blob(BlobId(digest_of(content)), len(content))


def an_image(name: str, blobs: Blobs, content: bytes | None = None) -> Image:
    """An image of one disk, whose blob is there."""
    disk = a_qcow2() if content is None else content
    blob = a_blob(disk)
    if blobs.find(blob.id) is None:
        blobs.receive(blob.id, [disk], len(disk), "kit")
    return Image(ImageId(f"im_{name}"), name, bundle_of(blob, None, None, ""), 16, ADDED_AT)
