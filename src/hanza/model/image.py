"""Images: what guests start from, named by their content and never by a version.

A *blob* is bytes under their SHA-256; a *bundle* is the blobs and words that one guest starts
from; an *image* is a name that the plane keeps for a bundle.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from hanza.model.ids import ImageId

BlobId = NewType("BlobId", str)
"""SHA-256 of the bytes: 64 digits, lower case."""
BundleId = NewType("BundleId", str)
"""SHA-256 of the bundle's canonical description, see `hanza.plan.image`."""


BLANK = "blank"
"""The name that stands for an empty disk; no image can be called so."""


@dataclass(frozen=True, slots=True)
class Blob:
    id: BlobId
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A disk, or a kernel with its initrd and command line, or both."""

    id: BundleId
    disk: Blob | None
    kernel: Blob | None
    initrd: Blob | None
    cmdline: str

    def blobs(self) -> Iterator[tuple[str, Blob]]:
        """Each blob with the name of its file at a site."""
        named = {"disk.qcow2": self.disk, "kernel": self.kernel, "initrd": self.initrd}
        yield from ((name, blob) for name, blob in named.items() if blob is not None)

    @property
    def size(self) -> int:
        return sum(blob.size for _, blob in self.blobs())


@dataclass(frozen=True, slots=True)
class Image:
    """A name for a bundle.  `disk_mib` is the least disk that a guest of it needs."""

    id: ImageId
    name: str
    bundle: Bundle
    disk_mib: int
    created_at: datetime
