"""What binds an instance to a place before placement chooses: its zone, and its volumes.

A pin is no policy: nobody tightens it, and it is looked up anew for every choice.  To placement
each part of it is one more rule, with words of its own.
"""

from dataclasses import dataclass

from hanza.model.ids import HostId


@dataclass(frozen=True, slots=True)
class Bound:
    """One volume that it wants attached.  `host` is where its bytes are, None while nowhere."""

    name: str
    host: HostId | None
    taken_by: str | None = None
    """The other instance that has it attached."""
    is_leaving: bool = False
    """Its bytes there are being ended."""


@dataclass(frozen=True, slots=True)
class Pin:
    """`site` names the zone it was asked for."""

    site: str | None = None
    volumes: tuple[Bound, ...] = ()
    new_mib: int = 0
    """Disk that comes along with it: volumes that have no bytes yet."""
    held_mib: int = 0
    """Disk that its volumes hold where they are: paid for, and not taken again."""


FREE = Pin()
