"""Guests and volumes as an engine sees them: what is asked of a driver, and what it surveys.

Nothing here is written by the API.  A *mark* is what we write on whatever we make, so that we
find it again and touch nothing else.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from hanza.model.capacity import Capacity
from hanza.model.ids import InstanceId, NativeId, VolumeId
from hanza.model.image import BLANK

Power: TypeAlias = Literal["on", "off"]
Boot: TypeAlias = Literal["pending", "seen", "silent", "unknown"]
"""`seen` by serial output, `silent` when none came in time, `unknown` when nobody can look."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose guest it is, and which run of it: a run is one stay of an instance at one host."""

    owner: InstanceId
    run_epoch: int


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A port of the site, published, and the port of the guest that it leads to."""

    port: int
    to: int


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """What a site must build.  `name` is the tenant's word and never trusted as anything else."""

    name: str
    image: str
    cpus: int
    memory_mib: int
    disk_mib: int
    hostname: str = ""
    """What the guest is told that it is called; empty where it is told nothing."""
    ssh_keys: tuple[str, ...] = ()
    user_data: str = field(default="", repr=False)
    """For cloud-init.  It may hold secrets: never told back, logged or quoted."""
    ports: tuple[Port, ...] = ()
    boot_volume: VolumeId | None = None
    """The volume that is its disk; without one it has a disk of its own, which ends with it."""

    @property
    def is_seeded(self) -> bool:
        """Whether there is anything to tell the guest when it first boots."""
        return bool(self.hostname or self.ssh_keys or self.user_data)

    def without_secrets(self) -> "GuestSpec":
        """What an engine tells back."""
        return replace(self, user_data="") if self.user_data else self

    @property
    def size(self) -> Capacity:
        """What the guest takes of its host; its volumes are counted by themselves."""
        own_disk_mib = self.disk_mib if self.boot_volume is None else 0
        return Capacity(self.cpus, self.memory_mib, own_disk_mib)


@dataclass(frozen=True, slots=True)
class Guest:
    """One guest that bears our mark, as the engine has it now."""

    native: NativeId
    mark: Mark
    host: str
    spec: GuestSpec
    power: Power
    serial_bytes: int | None
    """What the guest has written to its serial port since power on; None when nobody can look."""


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume that bears our mark.  `attached_to` is the guest that has it, if any."""

    native: NativeId
    owner: VolumeId
    host: str
    size_mib: int
    attached_to: NativeId | None = None
    image: str = BLANK
    """What lies under it, and must stay at the site for as long as it does."""


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One host of the engine: its own name at the site, and all that it has."""

    name: str
    capacity: Capacity
    accelerator: Literal["kvm", "tcg", "none"]
    """`kvm` only where a timed test boot proved it; `tcg` is emulated and many times slower."""
    address: str = ""
    """Where its guests' ports are published; empty where none are."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All and only what bears our mark at a site, from one look."""

    guests: tuple[Guest, ...]
    volumes: tuple[Volume, ...]
    hosts: tuple[HostFacts, ...]


@dataclass(frozen=True, slots=True)
class Stranger:
    """A guest of the same engine that does not bear our mark: somebody else's, only looked at."""

    native: NativeId
    name: str
    host: str
    size: Capacity
    power: Power
