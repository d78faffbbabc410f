"""Plans of moves as documents of `hanza.federation/v1`.

A plan is an answer and no resource: nothing of it is kept, and nothing of it is done.  Money is in
whole micro-euro for a month of 730 hours; gains are above nothing where it is better afterwards.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.ids import HostId
from hanza.model.policy import PRESETS
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.rebalance_moves import (
    GAIN_MIN,
    MOVES_MAX,
    Aim,
    Budget,
    Gain,
    Kept,
    Move,
    Moves,
)
from hanza.plan.placement.score import FULL
from hanza.wire.explanation_v1 import PlaceDoc
from hanza.wire.federation_v1 import Word

NOT_DONE = "this is a plan only: Hanza carries out no moves yet"
DRAINED_MAX = 64
_MIB_PER_GIB = 1024
Names = Annotated[list[Word], Meta(max_length=DRAINED_MAX)]
HostName = Annotated[str, Meta(pattern="^[^/]+/[^/]+$", max_length=200)]


class DrainDoc(Struct, forbid_unknown_fields=True):
    """What is to be empty: sites and providers by name, hosts as site/host."""

    sites: Names = []
    providers: Names = []
    hosts: Annotated[list[HostName], Meta(max_length=DRAINED_MAX)] = []


class RebalanceRequest(Struct, forbid_unknown_fields=True, rename="camel"):
    """What to plan for.  With `drain`, nothing moves only because it would gain.

    `goals` is a preset, such as cheapest, that counts instead of everybody's own goals.  `gainMin`
    is the part of all points that a move must gain which nothing else speaks for.  `at` plans by
    what is known of a later moment: prices that are announced, and claims that will have ended.
    """

    drain: DrainDoc | None = None
    goals: Word | None = None
    moves: Annotated[int, Meta(ge=0, le=200)] = MOVES_MAX
    disk_gib: Annotated[int, Meta(ge=0, le=10**9)] | None = msgspec.field(
        name="diskGiB", default=None
    )
    gain_min: Annotated[float, Meta(ge=0, le=1)] = GAIN_MIN / FULL
    at: Annotated[datetime, Meta(tz=True)] | None = None


class GainDoc(Struct, rename="camel"):
    """`points` of all points, by the goals that count; null is not known, or not asked for."""

    points: float
    price_per_month: int | None
    carbon: float | None
    ms: float | None


class MoveDoc(Struct, rename="camel"):
    """One step.  `purpose` is violation, drain, way (it makes way for another) or gain; `mayMove`
    is ask (its tenant says so each time) or free.  `freesHost`: nothing that was looked at is at
    its origin afterwards."""

    workspace: str
    name: str
    origin: PlaceDoc
    target: PlaceDoc
    purpose: str
    why: str
    gain: GainDoc
    disk_mib: int = msgspec.field(name="diskMiB")
    downtime: str
    may_move: str
    frees_host: bool


class KeptDoc(Struct):
    """Something that should go and cannot.  `reason` is pinned, silent (its host is), nowhere (no
    other host may run it), room (none that may has it) or budget; `why` says it in words."""

    workspace: str
    name: str
    place: PlaceDoc
    purpose: str
    reason: str
    why: str


class RebalanceDoc(Struct, rename="camel"):
    """Moves in an order in which each can be done with the room there is.  `applied` is always
    false.  `hasMore`: the budget left out what would help or gain."""

    applied: bool
    note: str
    items: list[MoveDoc]
    kept: list[KeptDoc]
    gain: GainDoc
    disk_mib: int = msgspec.field(name="diskMiB")
    has_more: bool


class TargetDoc(Struct):
    """A site, and how many would go there."""

    site: str
    moves: int


class StayingDoc(Struct):
    """How many cannot go for one reason, see `KeptDoc`."""

    reason: str
    instances: int


class SiteDrainDoc(Struct, rename="camel"):
    """What emptying a site comes to, in numbers and without anybody's names.  `instances` run
    there; `moves` counts also those that make way elsewhere.  `hosts` would be empty then."""

    applied: bool
    note: str
    site: str
    instances: int
    moves: int
    hosts: list[str]
    targets: list[TargetDoc]
    staying: list[StayingDoc]
    disk_mib: int = msgspec.field(name="diskMiB")


def aim_of(request: RebalanceRequest, candidates: Sequence[Candidate]) -> Aim:
    """Raises `Invalid` for goals that are no preset, and for what no host is at or of."""
    if request.goals is not None and request.goals not in PRESETS:
        raise Invalid(f"{request.goals!r} is none of {', '.join(PRESETS)}", field="goals")
    goals = None if request.goals is None else PRESETS[request.goals]
    if request.drain is None:
        return Aim(goals=goals)
    drain, emptied = request.drain, set[HostId]()
    for field, names, name_of in (
        ("sites", drain.sites, lambda one: one.ground.name),
        ("providers", drain.providers, lambda one: one.ground.provider),
        ("hosts", drain.hosts, _name_of),
    ):
        known: dict[str, set[HostId]] = {}
        for one in candidates:
            known.setdefault(name_of(one), set()).add(one.host)
        emptied |= _those(names, known, field)
    return Aim(frozenset(emptied), goals, betters=False)


def budget_of(request: RebalanceRequest) -> Budget:
    disk = None if request.disk_gib is None else request.disk_gib * _MIB_PER_GIB
    return Budget(request.moves, disk, round(request.gain_min * FULL))


def plan_to_doc(plan: Moves) -> RebalanceDoc:
    return RebalanceDoc(
        False,
        NOT_DONE,
        [_move(one) for one in plan.moves],
        [_kept(one) for one in plan.kept],
        _gain(plan.gain),
        plan.disk_mib,
        plan.has_more,
    )


def drain_to_doc(site: str, instances: int, plan: Moves) -> SiteDrainDoc:
    targets = Counter(one.target.ground.name for one in plan.moves)
    staying = Counter(one.why.reason for one in plan.kept)
    freed = {one.origin.name for one in plan.moves if one.frees_origin and one.purpose == "drain"}
    return SiteDrainDoc(
        False,
        NOT_DONE,
        site,
        instances,
        len(plan.moves),
        sorted(freed),
        [TargetDoc(name, moves) for name, moves in sorted(targets.items())],
        [StayingDoc(reason, count) for reason, count in sorted(staying.items())],
        plan.disk_mib,
    )


def _those(names: Sequence[str], known: Mapping[str, set[HostId]], field: str) -> set[HostId]:
    for name in names:
        if name not in known:
            raise Invalid(
                f"no host is known at or of {name!r}",
                field=f"drain.{field}",
                hint=f"those that are known: {', '.join(sorted(known)[:20]) or 'none'}",
            )
    return {host for name in names for host in known[name]}


def _move(one: Move) -> MoveDoc:
    address = one.resident.wanted.address
    return MoveDoc(
        address.workspace,
        address.name,
        _place(one.origin),
        _place(one.target),
        one.purpose,
        one.why,
        _gain(one.gain),
        one.disk_mib,
        one.downtime,
        one.resident.mobility,
        one.frees_origin,
    )


def _kept(one: Kept) -> KeptDoc:
    address = one.resident.wanted.address
    return KeptDoc(
        address.workspace,
        address.name,
        _place(one.host),
        one.purpose,
        one.why.reason,
        one.why.text,
    )


def _gain(one: Gain) -> GainDoc:
    ms = None if one.ms is None else round(one.ms, 1)
    carbon = None if one.carbon is None else round(one.carbon, 1)
    return GainDoc(one.points / FULL, one.price, carbon, ms)


def _place(one: Candidate) -> PlaceDoc:
    ground = one.ground
    return PlaceDoc(ground.name, ground.city, ground.country, ground.provider, one.name)


def _name_of(one: Candidate) -> str:
    return f"{one.ground.name}/{one.name}"
