"""Images and their blobs as documents of `hanza.federation/v1`, see `wire.federation_v1`."""

from typing import Annotated

from msgspec import Meta, Struct, field

from hanza.model.image import Image
from hanza.wire.federation_v1 import Metadata, Word


class ImageSpec(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Each part is named `sha256:...`."""

    disk: Word | None = None
    kernel: Word | None = None
    initrd: Word | None = None
    cmdline: Annotated[str, Meta(max_length=4096)] = ""


class ImagePut(Struct, forbid_unknown_fields=True):
    spec: ImageSpec


class BlobDoc(Struct):
    blob: str
    size: int


class ImageStatus(Struct):
    bundle: str
    size: int
    disk_mib: int = field(name="diskMiB")


class ImageDoc(Struct):
    metadata: Metadata
    spec: ImageSpec
    status: ImageStatus


def image_to_doc(image: Image) -> ImageDoc:
    bundle = image.bundle
    disk, kernel, initrd = (
        f"sha256:{blob.id}" if blob else None
        for blob in (bundle.disk, bundle.kernel, bundle.initrd)
    )
    return ImageDoc(
        Metadata(image.id, image.name, created_at=image.created_at),
        ImageSpec(disk, kernel, initrd, bundle.cmdline),
        ImageStatus(f"sha256:{bundle.id}", bundle.size, image.disk_mib),
    )
