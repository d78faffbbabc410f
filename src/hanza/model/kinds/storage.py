"""Block storages and images, and the kinds of disks that there are."""

from hanza.model.fields import Member, Record, Reference, Text, Whole
from hanza.model.kinds.kind import NOTHING, PLACEMENT, Kind

STORAGE_SKU = Kind(
    name="storage-sku",
    provider="seca.storage",
    collection="skus",
    scope="tenant",
    spec=Record(
        (
            Member("iops", Whole(1, 45000), is_required=True),
            Member("minVolumeSize", Whole(1), is_required=True),
            Member(
                "type",
                Text(choices=("local-durable", "local-ephemeral", "remote-durable")),
                is_required=True,
            ),
        )
    ),
    status=NOTHING,
    is_writable=False,
)

IMAGE = Kind(
    name="image",
    provider="seca.storage",
    collection="images",
    scope="tenant",
    spec=Record(
        (
            Member("blockStorageRef", Reference("block-storage", True), is_required=True),
            Member("boot", Text(choices=("UEFI", "BIOS"))),
            Member("cpuArchitecture", Text(choices=("amd64", "arm64")), is_required=True),
            Member("initializer", Text(choices=("none", "cloudinit-22"))),
        )
    ),
    status=Record((Member("sizeMB", Whole(1)),)),
)

BLOCK_STORAGE = Kind(
    name="block-storage",
    provider="seca.storage",
    collection="block-storages",
    scope="workspace",
    spec=Record(
        (
            Member("sizeGB", Whole(1, 1_000_000), is_required=True, only_grows=True),
            Member("skuRef", Reference("storage-sku"), is_required=True, is_fixed=True),
            Member("sourceImageRef", Reference("image", True), is_fixed=True),
        )
    ),
    status=Record(
        (
            Member("attachedTo", Reference("instance")),
            Member("device", Text()),
            Member("placement", PLACEMENT),
            Member("sizeGB", Whole(0, 1_000_000), is_required=True),
        )
    ),
    keeps_parent=True,
)
