"""What an agent's engine shall have, numbered and chained.

A manifest is immutable once published.  Its version grows by one with every publication and
its parent is the hash of the one before, so an agent can tell older from newer and a skipped
one from a forged one.  Only a tombstone ends a guest; silence about a guest ends nothing.
"""

from dataclasses import dataclass
from typing import TypeAlias

from hanza.model.guest import GuestSpec, Mark, Power
from hanza.model.ids import AgentId
from hanza.model.image import Bundle, BundleId

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


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The order to end every run of an instance up to and including this one."""

    mark: Mark


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything one agent shall have.

    Entries and tombstones are sorted by owner and run, bundles by id.
    """

    agent: AgentId
    version: Version
    parent: Hash
    entries: tuple[Entry, ...]
    tombstones: tuple[Tombstone, ...]
    bundles: tuple[Bundle, ...] = ()
    """What the entries' images consist of; an image without a bundle was laid by hand."""


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
