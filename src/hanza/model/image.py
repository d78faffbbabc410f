"""Images: what guests start from, named by their content and never by a version.

A *blob* is bytes under their SHA-256; a *bundle* is the blobs and words that one guest starts
from; an *image* is a name that the plane keeps for a bundle.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from hanza.model.ids import ImageId, NativeId

BlobId = NewType("BlobId", str)
"""SHA-256 of the bytes: 64 digits, lower case."""
BundleId = NewType("BundleId", str)
"""SHA-256 of the bundle's canonical description, see `hanza.plan.image`."""


BLANK = "blank"
"""The name that stands for an empty disk; no image can be called so."""


ADOPTED = "Adopted."
"""What stands before a guest's native id in the place of an image, where the guest was there
already and is taken as it is.  No tenant can say it: their names have no capital and no dot."""


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


def adopted_native(image: str) -> NativeId | None:
    """Which guest is to be taken as it is; None where a new one is made from an image."""
    return NativeId(image.removeprefix(ADOPTED)) if image.startswith(ADOPTED) else None
