"""Groups on columns: exact among the hosts that can matter, or in numbers when they are many."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from hanza.model.capacity import Capacity
from hanza.model.policy import Over, Spread
from hanza.plan.placement.beside import components_of
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.choose import MEMBERS_MAX, Placed, home_first
from hanza.plan.placement.fleet.company import places_of, rows_of
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.fitting import Fitting, find_fitting, option_at
from hanza.plan.placement.fleet.host import Standing, microseconds
from hanza.plan.placement.fleet.large import Large, place_large
from hanza.plan.placement.fleet.layout import FREE_CPUS, FREE_DISK, Mask
from hanza.plan.placement.fleet.reduce import Codes, worth_trying
from hanza.plan.placement.score import Option
from hanza.plan.placement.search import Member, Search
from hanza.plan.placement.spread import Group

GROUP_MAX = 4_096
"""More than that are not placed as one."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Nothing is placed.  `demand` is the first that no host may run; None when each alone has a
    host, but not all of them together."""

    demand: Demand | None
    is_exact: bool = True


def place(
    decider: Decider, demands: Sequence[Demand], neighbours: Sequence[Standing], now: datetime
) -> Placed | Stuck:
    """As `choose.place_group`; beyond its numbers, or where its search has found nothing before
    it was cut, as `large` does.  Raises `ValueError` beyond `GROUP_MAX`."""
    if len(demands) > GROUP_MAX:
        raise ValueError(f"{len(demands)} members: {GROUP_MAX} are placed as one at most")
    if len(demands) <= MEMBERS_MAX:
        answer = search(decider, demands, neighbours, now)
        if isinstance(answer, Placed) or answer.is_exact:
            return answer
    large = Large(decider, demands, microseconds(now))
    if large.lost is not None:
        return Stuck(large.lost, is_exact=False)
    rows = place_large(large, neighbours)
    if rows is None:
        return Stuck(None, is_exact=False)
    return Placed(large.options(rows), is_exact=False)


def search(
    decider: Decider, demands: Sequence[Demand], neighbours: Sequence[Standing], now: datetime
) -> Placed | Stuck:
    """The search of `choose.place_group` among the hosts that can be in its answer."""
    fitting: dict[object, Fitting] = {}
    for one in demands:
        if one.asks not in fitting:
            fitting[one.asks] = find_fitting(decider, one, microseconds(now))
        if not len(fitting[one.asks].rows):
            return Stuck(one)
    members = _Members(decider, demands, [fitting[one.asks] for one in demands], neighbours, now)
    found = Search(
        members=[
            Member(one, home_first(one, options))
            for one, options in zip(demands, members.options, strict=True)
        ],
        groups=members.groups,
        free={
            one.candidate.host: one.candidate.free for options in members.options for one in options
        },
    )
    found.run()
    if found.best is None:
        return Stuck(None, found.is_exact)
    by_host = [{one.candidate.host: one for one in options} for options in members.options]
    chosen = zip(by_host, found.best, strict=True)
    return Placed(tuple(one[best.candidate.host] for one, best in chosen), found.is_exact)


class _Members:
    """What the search is given: options worth trying, and the components with their spreads."""

    def __init__(
        self,
        decider: Decider,
        demands: Sequence[Demand],
        fitting: Sequence[Fitting],
        neighbours: Sequence[Standing],
        now: datetime,
    ) -> None:
        self._decider = decider
        self._demands = demands
        self._fitting = fitting
        self._now = microseconds(now)
        self._components = dict.fromkeys(
            one.component for one in demands if one.component is not None
        )
        inventory = decider.inventory
        self._besides = [
            (one, beside)
            for one in demands
            for is_hard in (True, False)
            for beside in components_of(one, is_hard=is_hard)
        ]
        known = self._components | {beside.name: None for _, beside in self._besides}
        self._settled = [
            (one.component, inventory.rows[one.host])
            for one in neighbours
            if one.component in known and one.host in inventory.rows
        ]
        self._candidates: dict[int, Candidate] = {}
        self.groups = {name: self._group(name) for name in known}
        self.options = self._options()

    def _group(self, component: str) -> Group:
        mine = [at for at, one in enumerate(self._demands) if one.component == component]
        rows = [row for name, row in self._settled if name == component]
        # Of a component that is only stood beside, nobody comes, and nothing is asked.
        spreads = dict.fromkeys(
            self._within_reach(spread, mine, rows)
            for at in mine
            for spread in self._demands[at].policy.spreads
        )
        settled = tuple(self._candidate(row) for row in rows)
        return Group(settled, len(mine), tuple(spreads))

    def _within_reach(self, spread: Spread, members: list[int], settled: list[int]) -> Spread:
        """A soft spread never asks for more different ones than there are."""
        if spread.is_hard or (spread.distinct_min is None and spread.share_max is not None):
            return spread
        rows = [np.array(settled, np.int64)]
        rows += {id(self._fitting[at]): self._fitting[at].rows for at in members}.values()
        places = places_of(self._decider.inventory, np.concatenate(rows), spread.over)
        there, asked = len(np.unique(places)), spread.distinct_min
        return replace(spread, distinct_min=there if asked is None else min(asked, there))

    def _options(self) -> list[tuple[Option, ...]]:
        overs: set[Over] = {
            spread.over
            for one in self._demands
            if one.component is not None
            for spread in one.policy.spreads
        }
        overs |= {beside.over for _, beside in self._besides}
        made: dict[int, tuple[Option, ...]] = {}
        for one in self._fitting:
            if id(one) not in made:
                made[id(one)] = self._worth_trying(one, overs)
        return [made[id(one)] for one in self._fitting]

    def _fixed(self) -> set[Over]:
        """What members have to do with each other; see `reduce`."""
        found: set[Over] = {
            beside.over
            for one, beside in self._besides
            if beside.name != one.component and beside.name in self._components
        }
        if self._decider.inventory.asks.has_terms and len(self._demands) > 1:
            found.add("provider")
        return found

    def _worth_trying(self, fitting: Fitting, overs: set[Over]) -> tuple[Option, ...]:
        settled = np.array([row for _, row in self._settled], np.int64)
        places = fitting.places(self._decider, settled)
        fixed, bound = self._fixed(), np.isin(fitting.rows, self._bound())
        is_roomy = self._is_roomy(fitting.rows) & ~bound
        kept = worth_trying(places, len(self._demands), overs, fixed, is_roomy) | bound
        return tuple(
            option_at(fitting, int(at), self._candidate(int(fitting.rows[at])))
            for at in np.flatnonzero(kept)
        )

    def _is_roomy(self, rows: Codes) -> Mask:
        """Who has room and ports for the whole group."""
        whole = sum((one.room for one in self._demands), Capacity(0, 0, 0))
        inventory = self._decider.inventory
        free = inventory.columns.hosts.tables[0][rows, FREE_CPUS : FREE_DISK + 1]
        needed = np.array([whole.cpus, whole.memory_mib, whole.disk_mib])
        ports = [port for one in self._demands for port in one.ports]
        found: Mask = np.logical_and.reduce(free >= needed, axis=1)
        found &= ~np.isin(rows, inventory.with_ports(ports))
        return found

    def _bound(self) -> list[int]:
        """Hosts that are not alike to all members: homes, and where volumes and company are."""
        inventory = self._decider.inventory
        hosts = {one.home for one in self._demands if one.home is not None}
        for one in self._demands:
            hosts |= {bound.host for bound in one.pin.volumes if bound.host is not None}
        rows = [inventory.rows[host] for host in hosts if host in inventory.rows]
        for one in self._demands:
            for companion in one.companions:
                if companion.beside.over == "host":
                    rows += rows_of(inventory, companion.stands).tolist()
        return rows

    def _candidate(self, row: int) -> Candidate:
        if row not in self._candidates:
            self._candidates[row] = self._decider.inventory.candidate_at(row, self._now)
        return self._candidates[row]
