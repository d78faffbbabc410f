"""What a plan of moves is made of: what stands and may move, the budget, the moves with their gain.

See `plan.placement.rebalance`, which makes the plan.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.policy import Goals, Mobility
from hanza.model.price import MicroEuro
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.demand import Bounds, demand_of
from hanza.plan.placement.score import FULL, trips_of
from hanza.plan.pricing import price_per_month

Purpose: TypeAlias = Literal["violation", "drain", "way", "gain"]
"""It stands against a rule; its host is to be empty; it makes way for one of these; it is better
off."""

Reason: TypeAlias = Literal["pinned", "silent", "nowhere", "room", "budget"]
"""It never moves; its host is silent; no other host may run it; none that may has room; the budget
is used up."""

MOVES_MAX = 10
GAIN_MIN = FULL // 20


@dataclass(frozen=True, slots=True)
class Resident:
    """Something that runs at a host, with what it demands."""

    wanted: Wanted
    demand: Demand
    host: HostId
    mobility: Mobility

    @property
    def id(self) -> InstanceId:
        return self.wanted.id

    @property
    def name(self) -> str:
        return self.wanted.address.name

    @property
    def component(self) -> tuple[str, str, str, str] | None:
        """Whose replica it is; None where it stands for itself."""
        wanted, address = self.wanted, self.wanted.address
        if wanted.app is None or wanted.component is None:
            return None
        return address.tenant, address.workspace, wanted.app, wanted.component


def residents_of(standing: Iterable[tuple[Wanted, HostId]], bounds: Bounds) -> tuple[Resident, ...]:
    """What stands, in the order of names.

    Its policy says whether something may be moved; but volumes have their bytes at one host and
    stay there, and so does whoever has them attached.
    """
    found = []
    for wanted, host in standing:
        demand = demand_of(wanted, bounds)
        is_bound = any(volume.host is not None for volume in demand.pin.volumes)
        mobility = "never" if is_bound else demand.policy.moves or "ask"
        found.append(Resident(wanted, demand, host, mobility))
    return tuple(sorted(found, key=lambda one: one.wanted.address))


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent.  `gain_min`, in millionths of all points, is asked of moves that nothing
    but gain speaks for."""

    moves_max: int = MOVES_MAX
    disk_mib_max: int | None = None
    gain_min: int = GAIN_MIN


@dataclass(frozen=True, slots=True)
class Aim:
    """What a plan is for.  `emptied` are hosts that everything shall leave; `goals`, where given,
    count instead of everybody's own; `mends` and `betters` are whether to look for what stands
    against a rule, and for what would gain."""

    emptied: frozenset[HostId] = frozenset()
    goals: Goals | None = None
    mends: bool = True
    betters: bool = True


@dataclass(frozen=True, slots=True)
class Gain:
    """What is better afterwards; below nothing, what is worse.

    `points` in millionths, by the goals that count.  `price` for a month, `carbon` in g/kWh of
    its grid, `ms` to the points of its policy on average; None where it is not known or not asked.
    """

    points: int
    price: MicroEuro | None
    carbon: float | None
    ms: float | None


@dataclass(frozen=True, slots=True)
class Move:
    """One step.  It moves `disk_mib` of the guest's own disk, and the guest is off meanwhile:
    no driver is known to move it while it runs, so every move is told as a cold one."""

    resident: Resident
    origin: Candidate
    target: Candidate
    purpose: Purpose
    why: str
    gain: Gain
    frees_origin: bool
    """Whether nothing of what the plan is about stands at its origin afterwards."""
    downtime: Literal["cold"] = "cold"

    @property
    def disk_mib(self) -> int:
        return self.resident.demand.room.disk_mib


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why something that should go does not; `text` with its names and numbers."""

    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that should go and does not, and why."""

    resident: Resident
    host: Candidate
    purpose: Purpose
    why: Hindrance


@dataclass(frozen=True, slots=True)
class Moves:
    """A plan.  `has_more` tells that the budget left out what would gain."""

    moves: tuple[Move, ...]
    kept: tuple[Kept, ...]
    has_more: bool

    @property
    def gain(self) -> Gain:
        """Of all moves together; of what is known, where something is."""
        gains = [one.gain for one in self.moves]
        price = [one.price for one in gains if one.price is not None]
        carbon = [one.carbon for one in gains if one.carbon is not None]
        ms = [one.ms for one in gains if one.ms is not None]
        return Gain(
            sum(one.points for one in gains),
            sum(price) if price else None,
            sum(carbon) if carbon else None,
            sum(ms) if ms else None,
        )

    @property
    def disk_mib(self) -> int:
        return sum(one.disk_mib for one in self.moves)


def gain_of(resident: Resident, origin: Candidate, target: Candidate, points: int) -> Gain:
    """What it gains of everything that can be counted."""
    here, there = origin.ground, target.ground
    prices = [price_per_month(one.prices, resident.demand.size) for one in (here, there)]
    near = [[trip.ms for _, trip in trips_of(resident.demand.policy, one)] for one in (here, there)]
    return Gain(
        points,
        None if prices[0] is None or prices[1] is None else prices[0] - prices[1],
        None if here.carbon is None or there.carbon is None else here.carbon - there.carbon,
        (sum(near[0]) - sum(near[1])) / len(near[0]) if near[0] else None,
    )
