"""Images: names for bundles, and who may have which blob.

The blobs themselves are files in the plane's folder, see `hanza.kit.blobs`; here is what is
known of them.  A bundle is kept as long as an image names it, and an image as long as an
instance uses it or a volume lies over it.
"""

import functools
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import Conflict, InUse, NotFound
from hanza.model.ids import AgentId, ImageId
from hanza.model.image import Blob, BlobId, Bundle, BundleId, Image
from hanza.store.prepared import Prepared
from hanza.store.schema import bundles, holds, images, instances, volumes
from hanza.store.tx import Tx

PARTS = ("disk", "kernel", "initrd")


def put_image(tx: Tx, image: Image) -> Image:
    """Keep it, or give the one of this name.  Raises `Conflict` when that has another content."""
    known = find_image(tx, image.name)
    if known is not None:
        if known.bundle.id != image.bundle.id:
            raise Conflict(
                f"the image {image.name!r} has another content",
                field="name",
                hint="use another name, or remove it first",
            )
        return known
    is_known = tx.scalar(sa.select(bundles.c.id).where(bundles.c.id == image.bundle.id))
    if is_known is None:
        tx.execute(sa.insert(bundles).values(**_bundle_to_columns(image)))
    tx.execute(
        sa.insert(images).values(
            id=image.id, name=image.name, bundle_id=image.bundle.id, created_at=image.created_at
        )
    )
    return image


def find_image(tx: Tx, name: str) -> Image | None:
    row = _by_name().first(tx, {"name": name})
    return None if row is None else _image_from_row(row)


def get_image(tx: Tx, name: str) -> Image:
    image = find_image(tx, name)
    if image is None:
        raise NotFound(f"there is no image {name!r}", hint="hanza image list")
    return image


def list_images(tx: Tx) -> list[Image]:
    """Every image by name.  Who uses them is nobody's business."""
    return [_image_from_row(row) for row in tx.execute(_images().order_by(images.c.name))]


def remove_image(tx: Tx, name: str) -> None:
    """Raises `NotFound`, and `InUse` while an instance uses it, one that is ending too."""
    image = get_image(tx, name)
    uses = sa.select(sa.func.count()).select_from(instances)
    used = tx.scalar(uses.where(instances.c.image == name, instances.c.bundle_id.is_not(None)))
    if used:
        raise InUse(f"{used} instances use the image {name!r}", hint="destroy them first")
    others = sa.select(images.c.id).where(
        images.c.bundle_id == image.bundle.id, images.c.name != name
    )
    is_last = tx.scalar(others.limit(1)) is None
    over = sa.select(sa.func.count()).where(volumes.c.bundle_id == image.bundle.id)
    laid = tx.scalar(over)
    if is_last and laid:
        raise InUse(f"{laid} volumes begin with the image {name!r}", hint="delete them first")
    tx.execute(sa.delete(images).where(images.c.name == name))
    if is_last:
        tx.execute(sa.delete(bundles).where(bundles.c.id == image.bundle.id))


def list_blobs(tx: Tx) -> set[str]:
    """Every blob that some image needs."""
    query = sa.select(bundles.c.disk_blob, bundles.c.kernel_blob, bundles.c.initrd_blob)
    return {blob for row in tx.execute(query) for blob in row if blob is not None}


def may_fetch(tx: Tx, agent: AgentId, blob: BlobId) -> bool:
    """Whether something that is placed with this agent starts from the blob."""
    named = sa.or_(*(bundles.c[f"{part}_blob"] == blob for part in PARTS))
    query = (
        sa.select(holds.c.instance_id)
        .join(instances, instances.c.id == holds.c.instance_id)
        .join(bundles, bundles.c.id == instances.c.bundle_id)
        .where(holds.c.agent_id == agent, named)
    )
    laid = (
        sa.select(volumes.c.id)
        .join(bundles, bundles.c.id == volumes.c.bundle_id)
        .where(volumes.c.agent_id == agent, named)
    )
    return any(tx.scalar(one.limit(1)) is not None for one in (query, laid))


def bundle_from_row(row: Any) -> Bundle:
    """From the columns of `bundles`, its id as `bundle_id`."""
    disk, kernel, initrd = (_blob_from_row(row, part) for part in PARTS)
    return Bundle(BundleId(row.bundle_id), disk, kernel, initrd, row.cmdline)


BUNDLE_COLUMNS = tuple(column for column in bundles.c if column.name not in {"id", "disk_mib"})


def _images() -> sa.Select[tuple[object, ...]]:
    return sa.select(images, bundles.c.disk_mib, *BUNDLE_COLUMNS).join(
        bundles, bundles.c.id == images.c.bundle_id
    )


@functools.cache
def _by_name() -> Prepared:
    return Prepared(_images().where(images.c.name == sa.bindparam("name")))


def _image_from_row(row: sa.Row[tuple[object, ...]]) -> Image:
    return Image(ImageId(row.id), row.name, bundle_from_row(row), row.disk_mib, row.created_at)


def _blob_from_row(row: Any, part: str) -> Blob | None:
    blob = getattr(row, f"{part}_blob")
    return None if blob is None else Blob(BlobId(blob), getattr(row, f"{part}_bytes"))


def _bundle_to_columns(image: Image) -> dict[str, object]:
    bundle = image.bundle
    columns: dict[str, object] = {
        "id": bundle.id,
        "cmdline": bundle.cmdline,
        "disk_mib": image.disk_mib,
    }
    for part in PARTS:
        blob: Blob | None = getattr(bundle, part)
        columns[f"{part}_blob"] = blob.id if blob else None
        columns[f"{part}_bytes"] = blob.size if blob else None
    return columns
