"""Instances, and the sizes that they come in."""

from hanza.model.fields import Many, Member, Record, Reference, Text, Whole
from hanza.model.kinds.kind import NOTHING, PLACEMENT, ZONE, Kind


def _volume(*, is_fixed: bool = False) -> Record:
    disk = Reference("block-storage")
    return Record(
        (
            Member("deviceRef", disk, is_required=True, is_fixed=is_fixed),
            Member("type", Text(choices=("virtio",))),
        )
    )


INSTANCE_SKU = Kind(
    name="instance-sku",
    provider="seca.compute",
    collection="skus",
    scope="tenant",
    spec=Record(
        (
            Member("ram", Whole(1, 65536), is_required=True),
            Member("vCPU", Whole(1, 60), is_required=True),
        )
    ),
    status=NOTHING,
    is_writable=False,
)

INSTANCE = Kind(
    name="instance",
    provider="seca.compute",
    collection="instances",
    scope="workspace",
    spec=Record(
        (
            Member("additionalNicRefs", Many(Reference("nic", is_later=True), 16)),
            Member("antiAffinityGroup", Text(0, 64)),
            Member("bootVolume", _volume(is_fixed=True), is_required=True),
            Member("dataVolumes", Many(_volume(), 64)),
            Member("primaryNicRef", Reference("nic", is_later=True)),
            Member("securityGroupRef", Reference("security-group", is_later=True)),
            Member("skuRef", Reference("instance-sku"), is_required=True, is_fixed=True),
            Member("sshKeys", Many(Text(1, 4096), 32)),
            Member("userData", Text(0, 65536)),
            Member("zone", ZONE, is_required=True),
        )
    ),
    status=Record(
        (
            Member("notYet", Many(Text(), 32)),
            Member("placement", PLACEMENT),
            Member("powerState", Text(choices=("on", "off")), is_required=True),
            Member("powerStateSince", Text()),
        )
    ),
    actions=("start", "stop", "restart"),
    keeps_parent=True,
)
