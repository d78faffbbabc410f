"""What an instance boots: its volume, followed to an image of the federation's."""

from hanza.model import kinds
from hanza.model.errors import Invalid, Refusal
from hanza.model.image import BLANK, BundleId
from hanza.model.resource import Path, Resource
from hanza.plan.admission import admit_image
from hanza.plan.seca.references import Target, target_of
from hanza.store.images import find_image
from hanza.store.resources import find_resource
from hanza.store.tx import Tx
from hanza.store.volumes import find_volume_place

FIELD = "spec.bootVolume.deviceRef"
HOPS_MAX = 8


def get_target(tx: Tx, target: Target, region: str, field: str) -> Resource:
    there = Path(target.kind, region, target.tenant, target.workspace, target.name)
    found = find_resource(tx, there)
    if found is None or found.deleted_at is not None:
        raise Invalid(f"there is no {target.kind.name} {target.name!r}", field=field)
    return found


def boot_volume_of(tx: Tx, instance: Resource) -> Resource:
    volume = instance.words.spec["bootVolume"]
    assert isinstance(volume, dict), "the shape was checked"
    path = instance.path
    target = target_of(volume["deviceRef"], kinds.BLOCK_STORAGE.name, path, FIELD)
    if (target.tenant, target.workspace) != (path.tenant, path.workspace):
        raise Invalid("an instance boots from a volume of its own workspace", field=FIELD)
    return get_target(tx, target, path.region, FIELD)


def image_of(tx: Tx, volume: Resource) -> str:
    """The name of the image that the volume's first bytes are; `BLANK` where it is made from none.

    An image that was made from an unused volume is that volume's own image.  Raises `Invalid`
    for one of a volume that was used: disks are not taken as images yet.
    """
    for _ in range(HOPS_MAX):
        source = volume.words.spec.get("sourceImageRef")
        if not isinstance(source, dict):
            return BLANK
        target = target_of(source, kinds.IMAGE.name, volume.path, FIELD)
        if target.is_shared:
            return target.name
        image = get_target(tx, target, volume.path.region, FIELD)
        inside = image.words.spec["blockStorageRef"]
        assert isinstance(inside, dict), "the shape was checked"
        made_from = target_of(inside, kinds.BLOCK_STORAGE.name, image.path, FIELD)
        volume = get_target(tx, made_from, image.path.region, FIELD)
        if find_volume_place(tx, volume.id) is not None:
            text = f"image {image.path.name!r} is of a disk that was used; such are not taken yet"
            raise Invalid(text, field=FIELD)
    raise Invalid("its image is made from a volume that is made from it", field=FIELD)


def bundle_of(tx: Tx, image: str, disk_mib: int) -> BundleId | None:
    """What the image is now, for a disk of this size.  Raises as `admit_image` does."""
    try:
        return admit_image(find_image(tx, image), image, disk_mib)
    except Refusal as refusal:
        raise type(refusal)(refusal.text, field=FIELD, hint=refusal.hint) from refusal
