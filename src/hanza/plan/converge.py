"""The next step that brings one instance at one site closer to what the manifest says of it.

This module is the whole of a guest's state machine, and it keeps no state: no clock, no I/O,
no memory of earlier steps but the note it is handed.  The agent calls it after every look, so
a crash anywhere costs at most one repeated look.

Laws it keeps: only a tombstone ends a guest; a guest that is there twice is never made a third
time; what belongs to a run that the manifest does not name is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from hanza.model.guest import Guest, GuestSpec, Mark, Power
from hanza.model.ids import NativeId
from hanza.model.manifest import Entry, Tombstone
from hanza.model.report import Problem

STUCK = frozenset({"driver.unsupported", "driver.rejected"})
"""Asking again gives the same answer until the wish changes."""
FULL = "driver.exhausted"
"""For a guest that is not there yet, the plane finds another place; for one that is, room may
come free where it stands."""
IMAGE_FETCHING = "image.fetching"
"""A guest waits for what it starts from, which is on its way."""


@dataclass(frozen=True, slots=True)
class Create:
    mark: Mark
    host: str
    spec: GuestSpec


@dataclass(frozen=True, slots=True)
class Destroy:
    native: NativeId


@dataclass(frozen=True, slots=True)
class Sweep:
    """Whatever an ended run that is no longer there may have left."""

    mark: Mark


@dataclass(frozen=True, slots=True)
class SetPower:
    native: NativeId
    power: Power


@dataclass(frozen=True, slots=True)
class Resize:
    native: NativeId
    spec: GuestSpec


@dataclass(frozen=True, slots=True)
class Wait:
    """The last order failed; not before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing that we may do would help; someone has to know."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class AtRest:
    """As wanted."""


Order: TypeAlias = Create | Destroy | Sweep | SetPower | Resize
Step: TypeAlias = Order | Wait | Blocked | AtRest


@dataclass(frozen=True, slots=True)
class Note:
    """What became of the last order for an instance.  May be lost without harm.

    It holds back the same order for the same wish only: when the site has changed so that
    another order is due, what became of the last one says nothing of it.
    """

    wish: Entry | Tombstone
    order: Order
    problem: Problem
    failures: int
    not_before: datetime


def next_step(
    entry: Entry | None,
    tombstone: Tombstone | None,
    seen: Sequence[Guest],
    note: Note | None,
    now: datetime,
    unswept: Mark | None = None,
) -> Step:
    """Choose one step.  `seen` is every guest at the site whose mark names this instance.

    `unswept` is a run that the manifest ends and that may have left something behind.
    An entry for a run that is already ended by the tombstone counts as none: made and ended
    again for ever would be the alternative.
    """
    if entry and tombstone and entry.mark.run_epoch <= tombstone.mark.run_epoch:
        entry = None
    step, wish = _wished(entry, tombstone, sorted(seen, key=_order), unswept)
    if isinstance(step, Blocked | AtRest) or note is None:
        return step
    if note.wish != wish or note.order != step:
        return step
    if is_stuck(note):
        return Blocked(note.problem.code, note.problem.text)
    if note.not_before > now:
        return Wait(note.not_before)
    return step


def is_stuck(note: Note) -> bool:
    """Whether only another wish can help.  Nothing ever holds back an ending for good."""
    if isinstance(note.order, Destroy | Sweep):
        return False
    return note.problem.code in STUCK or (
        note.problem.code == FULL and isinstance(note.order, Create)
    )


def held_back(step: Step, lacking: Blocked | None) -> Step:
    """The step, but that no guest is made before what it starts from is there."""
    return lacking if lacking is not None and isinstance(step, Create) else step


def _order(guest: Guest) -> tuple[int, str]:
    return guest.mark.run_epoch, guest.native


def _wished(
    entry: Entry | None,
    tombstone: Tombstone | None,
    seen: Sequence[Guest],
    unswept: Mark | None,
) -> tuple[Step, Entry | Tombstone | None]:
    """The step as if nothing had ever failed, and the wish that it serves."""
    if tombstone is not None:
        for guest in seen:
            if guest.mark.run_epoch <= tombstone.mark.run_epoch:
                return Destroy(guest.native), tombstone
        if unswept is not None:
            return Sweep(unswept), tombstone
    if entry is None:
        return AtRest(), tombstone
    return _towards(entry, seen), entry


def _towards(entry: Entry, seen: Sequence[Guest]) -> Step:
    mine = [guest for guest in seen if guest.mark == entry.mark]
    if len(mine) < len(seen):
        return Blocked("converge.other_run", "another run of this instance is still at the site")
    if len(mine) > 1:
        return Blocked("converge.twins", "two guests bear the mark of this instance")
    if not mine:
        return Create(entry.mark, entry.host, entry.spec)
    return _adjust(entry, mine[0])


def _adjust(entry: Entry, guest: Guest) -> Step:
    if guest.host != entry.host:
        return Blocked("converge.elsewhere", f"the guest is at host {guest.host}")
    if guest.spec.size != entry.spec.size and guest.power == "off":
        return Resize(guest.native, entry.spec)
    if guest.power != entry.power:
        return SetPower(guest.native, entry.power)
    if guest.spec.size != entry.spec.size:
        return Blocked("converge.drift", "its size was changed at the site; it is kept running")
    return AtRest()
