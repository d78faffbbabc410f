"""The one table of what tenants can name: for each kind its place in the API, limits, references.

Routes, checks, documents and the published OpenAPI pages are all made from it; no kind is told
anywhere a second time.  Limits are those of SECA v1.7.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanza.model.fields import Free, Many, Member, Record, Reference, Text, Whole

Scope: TypeAlias = Literal["global", "tenant", "workspace"]
Action: TypeAlias = Literal["start", "stop", "restart"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource.  All but those of global scope belong to a region."""

    name: str
    provider: str
    collection: str
    scope: Scope
    spec: Record | Free
    status: Record
    """Members beyond state and conditions."""
    permission: str
    is_writable: bool = True
    actions: tuple[Action, ...] = ()
    keeps_workspace: bool = False
    """A workspace that holds one of these is not deleted."""

    @property
    def urn_provider(self) -> str:
        return f"{self.provider}/{VERSION}"


VERSION = "v1"
NAME_CHARACTERS_MAX = 128
ID_CHARACTERS_MAX = 64
URN_CHARACTERS_MAX = 255
LABEL_CHARACTERS_MAX = 63
ANNOTATION_CHARACTERS_MAX = 1024
CONDITIONS_MAX = 32
NAME_PATTERN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"

_NOTHING = Record(())
_ZONE = Text(1, 32)


def _volume(*, is_fixed: bool = False) -> Record:
    disk = Reference("block-storage")
    return Record(
        (
            Member("deviceRef", disk, is_required=True, is_fixed=is_fixed),
            Member("type", Text(choices=("virtio",))),
        )
    )


REGION = Kind(
    name="region",
    provider="seca.region",
    collection="regions",
    scope="global",
    spec=Record(
        (
            Member("availableZones", Many(_ZONE, 32, 1), is_required=True),
            Member(
                "providers",
                Many(
                    Record(
                        (
                            Member("name", Text(1, 64), is_required=True),
                            Member("url", Text(1, 4000), is_required=True),
                            Member("version", Text(1, 16), is_required=True),
                        )
                    ),
                    64,
                    1,
                ),
                is_required=True,
            ),
        )
    ),
    status=_NOTHING,
    permission="region",
    is_writable=False,
)

WORKSPACE = Kind(
    name="workspace",
    provider="seca.workspace",
    collection="workspaces",
    scope="tenant",
    spec=Free(),
    status=Record((Member("resourceCount", Whole(0)),)),
    permission="workspace",
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
    status=_NOTHING,
    permission="sku",
    is_writable=False,
)

INSTANCE = Kind(
    name="instance",
    provider="seca.compute",
    collection="instances",
    scope="workspace",
    spec=Record(
        (
            Member("additionalNicRefs", Many(Reference(None), 16)),
            Member("antiAffinityGroup", Text(0, 64)),
            Member("bootVolume", _volume(is_fixed=True), is_required=True),
            Member("dataVolumes", Many(_volume(), 64)),
            Member("primaryNicRef", Reference(None)),
            Member("securityGroupRef", Reference(None)),
            Member("skuRef", Reference("instance-sku"), is_required=True, is_fixed=True),
            Member("sshKeys", Many(Text(1, 4096), 32)),
            Member("userData", Text(0, 65536)),
            Member("zone", _ZONE, is_required=True),
        )
    ),
    status=Record(
        (
            Member("powerState", Text(choices=("on", "off")), is_required=True),
            Member("powerStateSince", Text()),
        )
    ),
    permission="instance",
    actions=("start", "stop", "restart"),
    keeps_workspace=True,
)

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
    status=_NOTHING,
    permission="sku",
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
    permission="image",
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
            Member("sizeGB", Whole(0, 1_000_000), is_required=True),
        )
    ),
    permission="block-storage",
    keeps_workspace=True,
)

KINDS = (REGION, WORKSPACE, INSTANCE_SKU, INSTANCE, STORAGE_SKU, IMAGE, BLOCK_STORAGE)
BY_NAME = {kind.name: kind for kind in KINDS}
