"""What an agent says it has.

A report is numbered within one incarnation of its agent, so that a late one never overwrites
a newer one.  The first after every (re)connection is whole; later ones carry what changed.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanza.model.guest import Boot, HostFacts, Mark, Power
from hanza.model.ids import NativeId
from hanza.model.manifest import Version
from hanza.model.problem import Presence, Problem
from hanza.model.volume import OrphanVolume, SeenVolume, Stay

__all__ = ["Incarnation", "Orphan", "Presence", "Problem", "Report", "Role", "Seen", "View"]

Role: TypeAlias = Literal["run", "end"]
"""What the manifest in force said of this mark: let it run, or end it."""


@dataclass(frozen=True, slots=True, order=True)
class Incarnation:
    """One start of one agent: how often it has started, and a nonce that tells copies apart."""

    starts: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One mark of the manifest, as found at the site."""

    mark: Mark
    role: Role
    presence: Presence
    native: NativeId | None = None
    power: Power | None = None
    boot: Boot = "unknown"
    serial_tail: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Orphan:
    """A guest that bears our mark though the manifest neither wants nor ends it."""

    native: NativeId
    mark: Mark
    host: str
    power: Power


@dataclass(frozen=True, slots=True)
class View:
    """Everything an agent sees in one pass, before it is numbered."""

    version: Version
    seen: tuple[Seen, ...]
    orphans: tuple[Orphan, ...]
    hosts: tuple[HostFacts, ...]
    trouble: Problem | None
    """Why the engine could not be surveyed; what is seen is then from the last good look."""
    volumes: tuple[SeenVolume, ...] = ()
    orphan_volumes: tuple[OrphanVolume, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A view, or the change since the last one that was taken."""

    incarnation: Incarnation
    number: int
    version: Version
    is_whole: bool
    seen: tuple[Seen, ...]
    gone: tuple[Mark, ...]
    orphans: tuple[Orphan, ...] | None
    """None: as in the report before.  The same for `hosts`."""
    hosts: tuple[HostFacts, ...] | None
    trouble: Problem | None
    volumes: tuple[SeenVolume, ...] = ()
    gone_volumes: tuple[Stay, ...] = ()
    orphan_volumes: tuple[OrphanVolume, ...] | None = None
