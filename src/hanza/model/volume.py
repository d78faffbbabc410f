"""Volumes: disks that outlive the instances that have them attached.

A volume is a wish of its own.  It has no bytes until it is first attached; then it is at one host,
and stays there until it is deleted.  A *stay* is one time of a volume at one host: a word about an
earlier stay says nothing of a later one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from hanza.model.ids import NativeId, VolumeId
from hanza.model.image import BLANK, BundleId
from hanza.model.problem import Presence, Problem

Role: TypeAlias = Literal["keep", "end"]
"""What the manifest in force said of this stay: keep the bytes, or end them."""


@dataclass(frozen=True, slots=True, order=True)
class Stay:
    """The so-many-th time of a volume at a host."""

    volume: VolumeId
    number: int


@dataclass(frozen=True, slots=True, order=True)
class Disk:
    """A volume of an instance's own, as its words ask for it: by a name of its own there."""

    name: str
    size_mib: int


@dataclass(frozen=True, slots=True)
class VolumeWanted:
    """What a tenant asked for.  Names are unique within tenant and workspace.

    `bundle` is what its first bytes are, None for an empty disk; `image` is what that was called.
    `is_ended` once its end was asked for.
    """

    id: VolumeId
    tenant: str
    workspace: str
    name: str
    size_mib: int
    created_at: datetime
    bundle: BundleId | None = None
    is_ended: bool = False
    image: str = BLANK
    app: str | None = None
    """The app that it was made for."""


@dataclass(frozen=True, slots=True)
class Before:
    """How a volume stood when a change was asked for that its site may not know of yet.

    `manifest` is the hash of what its agent was last told then, empty while it is nowhere; `spec`
    is what the standard's document said, None for what has none.
    """

    size_mib: int
    is_ended: bool
    is_leaving: bool
    since: datetime
    manifest: bytes = b""
    spec: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class VolumeEntry:
    """One volume that shall be at one host.

    `image` names what its first bytes are.  Once `is_made`, its site has said that it is there:
    should it be gone, it is never made anew, because an empty disk in its place would pass for it.
    """

    stay: Stay
    host: str
    size_mib: int
    image: str
    is_made: bool = False


@dataclass(frozen=True, slots=True)
class VolumeTombstone:
    """The order to end the bytes of a volume, of this stay and any before."""

    stay: Stay


@dataclass(frozen=True, slots=True)
class SeenVolume:
    """One stay that the manifest names, as found at the site."""

    stay: Stay
    role: Role
    presence: Presence
    size_mib: int | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class OrphanVolume:
    """A volume that bears our mark though the manifest neither wants nor ends it."""

    native: NativeId
    volume: VolumeId
    host: str
    size_mib: int
