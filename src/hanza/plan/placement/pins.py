"""What binds an instance to a place before placement chooses: its zone, and its boot volume.

A pin is no policy: nobody tightens it, and it is looked up anew for every choice.  To placement
each part of it is one more rule, with words of its own.
"""

from dataclasses import dataclass

from hanza.model.ids import HostId


@dataclass(frozen=True, slots=True)
class Pin:
    """`site` names the zone it was asked for; `host` is where its boot volume is."""

    site: str | None = None
    host: HostId | None = None
    taken_by: str | None = None
    """The other instance that has the boot volume attached."""


FREE = Pin()
