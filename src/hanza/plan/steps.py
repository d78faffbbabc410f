"""The steps that an agent may take, and when one that failed is taken again."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from hanza.model.guest import GuestSpec, Mark, Power
from hanza.model.ids import NativeId, VolumeId
from hanza.model.manifest import Entry, Tombstone
from hanza.model.problem import Problem
from hanza.model.volume import VolumeEntry, VolumeTombstone

STUCK = frozenset({"driver.unsupported", "driver.rejected"})
"""Asking again gives the same answer until the wish changes."""
FULL = "driver.exhausted"
"""For a guest that is not there yet, the plane finds another place; for anything else, room may
come free where it stands."""
IMAGE_FETCHING = "image.fetching"
"""A guest or a volume waits for what it starts from, which is on its way."""
Wish: TypeAlias = Entry | Tombstone | VolumeEntry | VolumeTombstone


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


@dataclass(frozen=True, slots=True)
class MakeVolume:
    volume: VolumeId
    host: str
    size_mib: int
    image: str


@dataclass(frozen=True, slots=True)
class GrowVolume:
    native: NativeId
    size_mib: int


@dataclass(frozen=True, slots=True)
class DeleteVolume:
    native: NativeId


@dataclass(frozen=True, slots=True)
class Attach:
    volume: NativeId
    guest: NativeId


@dataclass(frozen=True, slots=True)
class Detach:
    volume: NativeId


VolumeOrder: TypeAlias = MakeVolume | GrowVolume | DeleteVolume
Order: TypeAlias = Create | Destroy | Sweep | SetPower | Resize | Attach | Detach | VolumeOrder
Step: TypeAlias = Order | Wait | Blocked | AtRest


@dataclass(frozen=True, slots=True)
class Note:
    """What became of the last order for an instance or a volume.  May be lost without harm.

    It holds back the same order for the same wish only: when the site has changed so that
    another order is due, what became of the last one says nothing of it.
    """

    wish: Wish
    order: Order
    problem: Problem
    failures: int
    not_before: datetime


def after_note(step: Step, wish: Wish | None, note: Note | None, now: datetime) -> Step:
    """The step, unless what became of the very same order holds it back."""
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
    """Whether only another wish can help.

    Nothing ever holds back an ending for good; what others have attached they may let go of.
    """
    if isinstance(note.order, Destroy | Sweep | DeleteVolume | Attach | Detach):
        return False
    return note.problem.code in STUCK or (
        note.problem.code == FULL and isinstance(note.order, Create)
    )
