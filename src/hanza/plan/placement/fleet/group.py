"""Groups on columns: exact among the hosts that can matter, or one after another when too many."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from hanza.model.policy import Over, Spread
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.choose import MEMBERS_MAX, Placed, home_first
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.fitting import Fitting, find_fitting, option_at, places_of
from hanza.plan.placement.fleet.host import Standing, microseconds
from hanza.plan.placement.fleet.reduce import Codes, worth_trying
from hanza.plan.placement.fleet.sequence import place_in_turn
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
    it was cut, one after another.  Raises `ValueError` beyond `GROUP_MAX`."""
    if len(demands) > GROUP_MAX:
        raise ValueError(f"{len(demands)} members: {GROUP_MAX} are placed as one at most")
    if len(demands) <= MEMBERS_MAX:
        answer = search(decider, demands, neighbours, now)
        if isinstance(answer, Placed) or answer.is_exact:
            return answer
    options = place_in_turn(decider, demands, neighbours, microseconds(now))
    return Stuck(None, is_exact=False) if options is None else Placed(options, is_exact=False)


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
        self._settled = [
            (one.component, inventory.rows[one.host])
            for one in neighbours
            if one.component in self._components and one.host in inventory.rows
        ]
        self._candidates: dict[int, Candidate] = {}
        self.groups = {name: self._group(name) for name in self._components}
        self.options = self._options()

    def _group(self, component: str) -> Group:
        mine = [at for at, one in enumerate(self._demands) if one.component == component]
        rows = [row for name, row in self._settled if name == component]
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
        places = places_of(self._decider, np.concatenate(rows), spread.over)
        there, asked = len(np.unique(places)), spread.distinct_min
        return replace(spread, distinct_min=there if asked is None else min(asked, there))

    def _options(self) -> list[tuple[Option, ...]]:
        overs: set[Over] = {
            spread.over
            for one in self._demands
            if one.component is not None
            for spread in one.policy.spreads
        }
        rows = np.array([row for _, row in self._settled], np.int64)
        made: dict[int, tuple[Option, ...]] = {}
        for one in self._fitting:
            if id(one) not in made:
                made[id(one)] = self._worth_trying(one, rows, overs)
        return [made[id(one)] for one in self._fitting]

    def _worth_trying(
        self, fitting: Fitting, settled: Codes, overs: set[Over]
    ) -> tuple[Option, ...]:
        places = fitting.places(self._decider, settled)
        kept = worth_trying(places, len(self._demands), overs)
        kept |= np.isin(fitting.rows, self._homes())
        return tuple(
            option_at(fitting, int(at), self._candidate(int(fitting.rows[at])))
            for at in np.flatnonzero(kept)
        )

    def _homes(self) -> list[int]:
        rows = self._decider.inventory.rows
        homes = {one.home for one in self._demands if one.home is not None}
        return [rows[home] for home in homes if home in rows]

    def _candidate(self, row: int) -> Candidate:
        if row not in self._candidates:
            self._candidates[row] = self._decider.inventory.candidate_at(row, self._now)
        return self._candidates[row]
