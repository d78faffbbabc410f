"""The next step for one volume at one site, and what a report of it means at the plane.

Pure, and without memory, as `plan.converge` is for guests.  Laws it keeps: only a tombstone ends
the bytes of a volume, and not while they are attached; bytes that were there once and are gone are
told, never replaced by an empty disk; a volume grows and never shrinks.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from hanza.model.guest import Volume
from hanza.model.ids import VolumeId
from hanza.model.volume import SeenVolume, Stay, VolumeEntry, VolumeTombstone
from hanza.plan.steps import (
    AtRest,
    Blocked,
    DeleteVolume,
    GrowVolume,
    MakeVolume,
    Note,
    Step,
    Wish,
    after_note,
)

LOST = "volume.lost"
ATTACHED = "volume.attached"


DATA_VOLUMES_MAX = 16
"""Of one guest; the bus of an emulated machine has no more slots to be sure of."""
SERIAL_CHARACTERS = 16
"""virtio has room for 20; these are the ones of an id that chance has made."""


def name_of_disk(instance: str, disk: str) -> str:
    """What a volume of an instance's own is called in its workspace.

    Names of block storages have no slash, so it is never one of them.
    """
    return f"{instance}/{disk}"


def serial_of(volume: VolumeId) -> str:
    """What a guest knows its volume by: `/dev/disk/by-id/virtio-` and this."""
    return volume[-SERIAL_CHARACTERS:]


@dataclass(frozen=True, slots=True)
class VolumeWish:
    """What the manifest says of one volume."""

    entry: VolumeEntry | None = None
    tombstone: VolumeTombstone | None = None

    @property
    def ends(self) -> bool:
        """An entry of a later stay outweighs the end of an earlier one: its bytes are the same."""
        if self.tombstone is None:
            return False
        return self.entry is None or self.entry.stay.number <= self.tombstone.stay.number

    @property
    def served(self) -> Wish | None:
        return self.tombstone if self.ends else self.entry


def next_volume_step(
    wish: VolumeWish, seen: Volume | None, note: Note | None, now: datetime
) -> Step:
    """Choose one step.  `seen` is the volume as the site has it."""
    step = _ending(seen) if wish.ends else _keeping(wish.entry, seen)
    return after_note(step, wish.served, note, now)


def _ending(seen: Volume | None) -> Step:
    if seen is None:
        return AtRest()
    if seen.attached_to is not None:
        return Blocked(ATTACHED, "it is still attached to a guest, and is deleted after that")
    return DeleteVolume(seen.native)


def _keeping(entry: VolumeEntry | None, seen: Volume | None) -> Step:
    if entry is None:
        return AtRest()
    if seen is None and entry.is_made:
        return Blocked(LOST, "its bytes are gone from the site, and nobody was told to end them")
    if seen is None:
        return MakeVolume(entry.stay.volume, entry.host, entry.size_mib, entry.image)
    if seen.host != entry.host:
        return Blocked("converge.elsewhere", f"the volume is at host {seen.host}")
    if seen.size_mib < entry.size_mib:
        return GrowVolume(seen.native, entry.size_mib)
    return AtRest()


# -- at the plane -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How a volume stands in the books.  `stay` is None while it is nowhere."""

    stay: Stay | None
    is_ended: bool
    is_leaving: bool
    """Its site was told to end its bytes."""
    is_attached: bool
    is_wanted: bool = False
    """An instance names it, one that is ending too."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Have its site end its bytes."""


@dataclass(frozen=True, slots=True)
class Vacate:
    """The site says that its bytes are gone: give their room back."""


@dataclass(frozen=True, slots=True)
class ForgetVolume:
    """It was to end and is nowhere: nothing is left of it."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Nothing to change."""


VolumeSettlement: TypeAlias = Leave | Vacate | ForgetVolume | Stand


def next_volume_settlement(standing: Standing, seen: SeenVolume | None) -> VolumeSettlement:
    """Choose what to do; `seen` may be of an earlier stay."""
    if standing.stay is None:
        is_over = standing.is_ended and not standing.is_wanted
        return ForgetVolume() if is_over else Stand()
    if standing.is_leaving:
        word = seen if seen is not None and seen.stay == standing.stay else None
        is_gone = word is not None and (word.role, word.presence) == ("end", "absent")
        return Vacate() if is_gone else Stand()
    if standing.is_ended and not standing.is_attached:
        return Leave()
    return Stand()
