"""What an instance has attached: its volumes, each followed to an image of the federation's."""

from hanza.model import kinds
from hanza.model.errors import Invalid, Refusal
from hanza.model.ids import VolumeId
from hanza.model.image import BLANK, BundleId
from hanza.model.resource import Path, Resource
from hanza.plan.admission import admit_image
from hanza.plan.seca.references import Target, target_of
from hanza.plan.volumes import DATA_VOLUMES_MAX
from hanza.store.images import find_image
from hanza.store.resources import find_resource
from hanza.store.tx import Tx
from hanza.store.volumes import find_volume, set_content

FIELD = "spec.bootVolume.deviceRef"
HOPS_MAX = 8


def get_target(tx: Tx, target: Target, region: str, field: str) -> Resource:
    there = Path(target.kind, region, target.tenant, target.workspace, target.name)
    found = find_resource(tx, there)
    if found is None or found.deleted_at is not None:
        raise Invalid(f"there is no {target.kind.name} {target.name!r}", field=field)
    return found


def volumes_of(tx: Tx, instance: Resource) -> list[tuple[Resource, str]]:
    """What it has attached, the volume that it boots from first, each with where it is named.

    Raises `Invalid` for one that is not of its own workspace, or named twice.
    """
    spec = instance.words.spec
    data = spec.get("dataVolumes") or []
    assert isinstance(data, list), "the shape was checked"
    if len(data) > DATA_VOLUMES_MAX:
        text = f"a guest has at most {DATA_VOLUMES_MAX} volumes besides its boot volume"
        raise Invalid(text, field="spec.dataVolumes")
    named = [(spec["bootVolume"], FIELD)]
    named += [(one, f"spec.dataVolumes.{at}.deviceRef") for at, one in enumerate(data)]
    found: dict[str, tuple[Resource, str]] = {}
    for volume, field in named:
        storage = _storage_of(tx, instance, volume, field)
        if storage.id in found:
            raise Invalid("a volume is attached once", field=field)
        found[storage.id] = (storage, field)
    return list(found.values())


def _storage_of(tx: Tx, instance: Resource, volume: object, field: str) -> Resource:
    assert isinstance(volume, dict), "the shape was checked"
    path = instance.path
    target = target_of(volume["deviceRef"], kinds.BLOCK_STORAGE.name, path, field)
    if (target.tenant, target.workspace) != (path.tenant, path.workspace):
        raise Invalid("an instance has volumes of its own workspace only", field=field)
    return get_target(tx, target, path.region, field)


def content_of(tx: Tx, storage: Resource, field: str) -> tuple[str, BundleId | None]:
    """What the volume's first bytes are: the name of an image, and what that means.

    What it meant when the volume was first asked for stays, whatever the name means by now.
    """
    record = find_volume(tx, VolumeId(storage.id))
    assert record is not None, "every block storage is a volume"
    if record.stay is not None or record.wanted.bundle is not None:
        return record.wanted.image, record.wanted.bundle
    image = image_of(tx, storage, field)
    bundle = bundle_of(tx, image, record.wanted.size_mib, field)
    set_content(tx, record.wanted.id, image, bundle)
    return image, bundle


def image_of(tx: Tx, volume: Resource, field: str) -> str:
    """The name of the image that the volume's first bytes are; `BLANK` where it is made from none.

    An image that was made from an unused volume is that volume's own image.  Raises `Invalid`
    for one of a volume that was used: disks are not taken as images yet.
    """
    for _ in range(HOPS_MAX):
        source = volume.words.spec.get("sourceImageRef")
        if not isinstance(source, dict):
            return BLANK
        target = target_of(source, kinds.IMAGE.name, volume.path, field)
        if target.is_shared:
            return target.name
        image = get_target(tx, target, volume.path.region, field)
        inside = image.words.spec["blockStorageRef"]
        assert isinstance(inside, dict), "the shape was checked"
        made_from = target_of(inside, kinds.BLOCK_STORAGE.name, image.path, field)
        volume = get_target(tx, made_from, image.path.region, field)
        record = find_volume(tx, VolumeId(volume.id))
        if record is not None and record.stay is not None:
            text = f"image {image.path.name!r} is of a disk that was used; such are not taken yet"
            raise Invalid(text, field=field)
    raise Invalid("its image is made from a volume that is made from it", field=field)


def bundle_of(tx: Tx, image: str, disk_mib: int, field: str) -> BundleId | None:
    """What the image is now, for a disk of this size.  Raises as `admit_image` does."""
    try:
        return admit_image(find_image(tx, image), image, disk_mib)
    except Refusal as refusal:
        raise type(refusal)(refusal.text, field=field, hint=refusal.hint) from refusal
