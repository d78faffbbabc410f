"""What can be had: the sizes of instances and the kinds of disks, the same at every site.

`ram` is in GB, of which one is counted as 1024 MiB.  Labels are for selectors such as
`vCPU>=2,ram<8`.
"""

from dataclasses import dataclass

from hanza.model.kinds import INSTANCE_SKU, NETWORK_SKU, STORAGE_SKU, Kind

MIB_PER_GB = 1024


@dataclass(frozen=True, slots=True)
class Sku:
    """One offer of a kind.  It never changes: another size is another name."""

    kind: Kind
    name: str
    labels: dict[str, str]
    spec: dict[str, int | str]


def _size(name: str, tier: str, cpus: int, ram_gb: int) -> Sku:
    labels = {"Tier": tier, "vCPU": str(cpus), "ram": str(ram_gb)}
    return Sku(INSTANCE_SKU, name, labels, {"ram": ram_gb, "vCPU": cpus})


SKUS = (
    _size("hanza.xs", "D2XS", 1, 1),
    _size("hanza.s", "D2S", 1, 2),
    _size("hanza.m", "D4M", 2, 4),
    _size("hanza.l", "D8L", 4, 8),
    _size("hanza.xl", "D16XL", 8, 16),
    Sku(
        STORAGE_SKU,
        "hanza.local",
        {"Tier": "local"},
        {"iops": 500, "minVolumeSize": 1, "type": "local-durable"},
    ),
    Sku(
        NETWORK_SKU,
        "hanza.best-effort",
        {"Tier": "best-effort", "guaranteed": "no"},
        {"bandwidth": 100, "packets": 10_000},
    ),
)


def find_sku(kind: Kind, name: str) -> Sku | None:
    return next((sku for sku in SKUS if sku.kind == kind and sku.name == name), None)
