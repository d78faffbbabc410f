"""The next step that brings one instance at one site closer to what the manifest says of it.

This module is the whole of a guest's state machine, and it keeps no state: no clock, no I/O,
no memory of earlier steps but the note it is handed.  The agent calls it after every look, so
a crash anywhere costs at most one repeated look.  Volumes have a machine of their own, beside
this one in `plan.volumes`.

Laws it keeps: only a tombstone ends a guest; a guest that is there twice is never made a third
time; what belongs to a run that the manifest does not name is left alone; a guest is not made
before its volumes are there, nor started before they are attached.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from hanza.model.guest import Guest, Mark, Volume
from hanza.model.ids import NativeId, VolumeId
from hanza.model.manifest import Entry, Tombstone
from hanza.plan.steps import (
    FULL,
    IMAGE_FETCHING,
    STUCK,
    AtRest,
    Attach,
    Blocked,
    Create,
    Destroy,
    Detach,
    MakeVolume,
    Note,
    Order,
    Resize,
    SetPower,
    Step,
    Sweep,
    Wait,
    Wish,
    after_note,
    is_stuck,
)

__all__ = [
    "FULL",
    "IMAGE_FETCHING",
    "STUCK",
    "AtRest",
    "Blocked",
    "Create",
    "Destroy",
    "Note",
    "Order",
    "Resize",
    "SetPower",
    "Step",
    "Sweep",
    "Wait",
    "held_back",
    "is_stuck",
    "next_step",
    "plugged_of",
]
Volumes: TypeAlias = Mapping[VolumeId, Volume]


@dataclass(frozen=True, slots=True)
class Around:
    """What else is at the site: every volume, and a run that the manifest ends and that may have
    left something behind."""

    volumes: Volumes = field(default_factory=dict)
    unswept: Mark | None = None
    plugged: Mapping[NativeId, Sequence[Volume]] = field(default_factory=dict)
    """The same volumes by the guest that has them: see `plugged_of`."""


def plugged_of(volumes: Iterable[Volume]) -> dict[NativeId, list[Volume]]:
    """What each guest has attached; made once for a whole site, not for each of its guests."""
    plugged: dict[NativeId, list[Volume]] = {}
    for one in volumes:
        if one.attached_to is not None:
            plugged.setdefault(one.attached_to, []).append(one)
    return plugged


ALONE = Around()


def next_step(
    entry: Entry | None,
    tombstone: Tombstone | None,
    seen: Sequence[Guest],
    note: Note | None,
    now: datetime,
    around: Around = ALONE,
) -> Step:
    """Choose one step.  `seen` is every guest at the site whose mark names this instance.

    An entry for a run that is already ended by the tombstone counts as none: made and ended
    again for ever would be the alternative.
    """
    if entry and tombstone and entry.mark.run_epoch <= tombstone.mark.run_epoch:
        entry = None
    step, wish = _wished(entry, tombstone, sorted(seen, key=_order), around)
    return after_note(step, wish, note, now)


def held_back(step: Step, lacking: Blocked | None) -> Step:
    """The step, but that nothing is made before what it starts from is there."""
    return lacking if lacking is not None and isinstance(step, Create | MakeVolume) else step


def _order(guest: Guest) -> tuple[int, str]:
    return guest.mark.run_epoch, guest.native


def _wished(
    entry: Entry | None,
    tombstone: Tombstone | None,
    seen: Sequence[Guest],
    around: Around,
) -> tuple[Step, Wish | None]:
    """The step as if nothing had ever failed, and the wish that it serves."""
    if tombstone is not None:
        for guest in seen:
            if guest.mark.run_epoch <= tombstone.mark.run_epoch:
                return Destroy(guest.native), tombstone
        if around.unswept is not None:
            return Sweep(around.unswept), tombstone
    if entry is None:
        return AtRest(), tombstone
    return _towards(entry, seen, around), entry


def _towards(entry: Entry, seen: Sequence[Guest], around: Around) -> Step:
    mine = [guest for guest in seen if guest.mark == entry.mark]
    if len(mine) < len(seen):
        return Blocked("converge.other_run", "another run of this instance is still at the site")
    if len(mine) > 1:
        return Blocked("converge.twins", "two guests bear the mark of this instance")
    if not mine:
        # All of them, and not only the one to boot from: until it is there, it may go elsewhere.
        boot = () if entry.spec.boot_volume is None else (entry.spec.boot_volume,)
        lacking = (_not_free(owner, around.volumes) for owner in (*boot, *entry.volumes))
        first = next((blocked for blocked in lacking if blocked is not None), None)
        return first or Create(entry.mark, entry.host, entry.spec)
    return _adjust(entry, mine[0], around)


def _adjust(entry: Entry, guest: Guest, around: Around) -> Step:
    if guest.host != entry.host:
        return Blocked("converge.elsewhere", f"the guest is at host {guest.host}")
    if guest.power == "on" and entry.power == "off":
        return SetPower(guest.native, "off")
    if guest.spec.size != entry.spec.size and guest.power == "off":
        return Resize(guest.native, entry.spec)
    step = _plug(entry, guest, around)
    if step is not None:
        return step
    if guest.power != entry.power:
        return SetPower(guest.native, entry.power)
    if guest.spec.size != entry.spec.size:
        return Blocked("converge.drift", "its size was changed at the site; it is kept running")
    return AtRest()


def _plug(entry: Entry, guest: Guest, around: Around) -> Step | None:
    """What brings the guest's volumes to what they shall be; None when they are.

    A volume is taken from a guest only while that is off: nobody pulls a disk that is written to.
    """
    has = {
        one.owner: one
        for one in around.plugged.get(guest.native, ())
        if one.owner != guest.spec.boot_volume
    }
    for owner in sorted(has.keys() - set(entry.volumes)):
        if guest.power == "off":
            return Detach(has[owner].native)
        return Blocked("volume.in_use", "it lets go of a volume when it is next off")
    for owner in entry.volumes:
        if owner not in has:
            free = _not_free(owner, around.volumes)
            return free or Attach(around.volumes[owner].native, guest.native)
    return None


def _not_free(owner: VolumeId, volumes: Volumes) -> Blocked | None:
    volume = volumes.get(owner)
    if volume is None:
        return Blocked("volume.waiting", "it waits for its volume, which is not there yet")
    if volume.attached_to is not None:
        return Blocked("volume.taken", "its volume is still attached to another guest")
    return None
