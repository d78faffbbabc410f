"""Virtual machines as the tenant asked for them, and as they are shown back.

*Wanted* is written by the API, *seen* (in `model.report`) by the agent's survey, *shown* is
derived from both by `plan.status`.  Three types, so that none can pretend to be another.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from hanza.model.capacity import Capacity
from hanza.model.guest import Boot, GuestSpec, Power
from hanza.model.ids import InstanceId, VolumeId
from hanza.model.image import BundleId
from hanza.model.policy import Policy
from hanza.model.site import Country
from hanza.model.volume import Disk

State: TypeAlias = Literal["pending", "creating", "active", "deleting", "error"]


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a tenant finds it: names are unique within tenant and workspace."""

    tenant: str
    workspace: str
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the tenant asked for.  `is_ended` once they asked for its end.

    `country` is the shortest policy: data in this country and nowhere else.  Instances of one
    `app` are placed all or none; those of one `component` of it are its replicas.
    """

    id: InstanceId
    address: Address
    country: Country | None
    spec: GuestSpec
    power: Power
    generation: int
    created_at: datetime
    is_ended: bool = False
    policy: Policy | None = None
    app: str | None = None
    component: str | None = None
    zone: str | None = None
    """The one site where it may run; None leaves it to placement."""
    boot_volume: VolumeId | None = None
    """The volume that it boots from; it runs where that is."""
    is_restarting: bool = False
    """It was asked to restart, and its site has not said yet that it went off."""
    bundle: BundleId | None = None
    """What its image's name meant when it was admitted; None for an empty disk, and for an image
    that was laid by hand at its site before images had content."""

    data_volumes: tuple[VolumeId, ...] = ()
    """What it has attached besides; it runs where they are."""
    disks: tuple[Disk, ...] = ()
    """Those of them that are its own by name; they outlive it."""

    @property
    def volumes(self) -> tuple[VolumeId, ...]:
        """All of its volumes, the one that it boots from first."""
        boot = () if self.boot_volume is None else (self.boot_volume,)
        return boot + self.data_volumes

    @property
    def size(self) -> Capacity:
        """All that it takes, its disks included, as it was asked for."""
        disk_mib = self.spec.disk_mib + sum(disk.size_mib for disk in self.disks)
        return Capacity(self.spec.cpus, self.spec.memory_mib, disk_mib)

    @property
    def power_due(self) -> Power:
        """The power that its site is asked for now."""
        return "off" if self.is_restarting else self.power


@dataclass(frozen=True, slots=True)
class Shown:
    """What the API displays.  `reason` says why the state is not what was asked."""

    state: State
    power: Power | None
    boot: Boot
    reason: str | None
    reason_code: str | None
