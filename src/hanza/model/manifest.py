"""What an agent's engine shall have, numbered and chained.

A manifest is immutable once published.  Its version grows by one with every publication and
its parent is the hash of the one before, so an agent can tell older from newer and a skipped
one from a forged one.  Only a tombstone ends a guest or a volume; silence ends nothing.
"""

from dataclasses import dataclass
from typing import TypeAlias

from hanza.model.guest import GuestSpec, Mark, Power
from hanza.model.ids import AgentId, VolumeId
from hanza.model.image import Bundle, BundleId
from hanza.model.volume import Stay, VolumeEntry, VolumeTombstone

Hash: TypeAlias = bytes
"""SHA-256 of a manifest's canonical form: 32 bytes, see `hanza.plan.manifest`."""

GENESIS: Hash = bytes(32)
"""The parent of an agent's first manifest."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Compared epoch first.  A restored plane raises the epoch; a publication the number."""

    epoch: int
    number: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One guest that shall be at one host, with its power."""

    mark: Mark
    host: str
    spec: GuestSpec
    power: Power
    volumes: tuple[VolumeId, ...] = ()
    """What it has attached besides the disk that it boots from, in order."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The order to end every run of an instance up to and including this one."""

    mark: Mark
    is_confirmed: bool = False
    """A person has looked at how many end at once, and wants it (`plan.brake`)."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything one agent shall have.

    Entries and tombstones are sorted by owner and run, volumes by volume and stay, bundles by id.
    """

    agent: AgentId
    version: Version
    parent: Hash
    entries: tuple[Entry, ...]
    tombstones: tuple[Tombstone, ...]
    bundles: tuple[Bundle, ...] = ()
    """What the images of guests and volumes consist of; one without a bundle was laid by hand."""
    volumes: tuple[VolumeEntry, ...] = ()
    volume_tombstones: tuple[VolumeTombstone, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """What turns the manifest with hash `base` into the one with hash `hash`."""

    agent: AgentId
    base: Hash
    version: Version
    parent: Hash
    hash: Hash
    put_entries: tuple[Entry, ...]
    drop_entries: tuple[Mark, ...]
    put_tombstones: tuple[Tombstone, ...]
    drop_tombstones: tuple[Mark, ...]
    put_bundles: tuple[Bundle, ...] = ()
    drop_bundles: tuple[BundleId, ...] = ()
    put_volumes: tuple[VolumeEntry, ...] = ()
    drop_volumes: tuple[Stay, ...] = ()
    put_volume_tombstones: tuple[VolumeTombstone, ...] = ()
    drop_volume_tombstones: tuple[Stay, ...] = ()
