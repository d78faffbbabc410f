"""What `placement.explain` tells, from columns: the same, for fleets that are too large to walk.

Each ground is asked once, hosts are counted, and only those that are shown are made candidates.
The losers are made when somebody reads them, as they were when it was explained.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from hanza.model.ids import HostId
from hanza.plan.placement.beside import components_of
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.explain import (
    BEST_SHOWN,
    NAMED_MAX,
    Explanation,
    Loser,
    RuleCount,
    SiteLook,
    runner_of,
)
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.fitting import find_fitting, option_at
from hanza.plan.placement.fleet.inventory import Inventory
from hanza.plan.placement.fleet.layout import CPUS, FREE_CPUS, Mask
from hanza.plan.placement.fleet.reduce import Codes, worth_trying
from hanza.plan.placement.fleet.refusals import crowds_of, find_refusals
from hanza.plan.placement.relax import WIDER, Relaxation, changes_of, group_relaxations
from hanza.plan.placement.relax_together import SITES_TRIED, relaxations_together
from hanza.plan.placement.rules import Lack, compile_rules
from hanza.plan.placement.score import Option
from hanza.plan.pricing import price_per_month

T = TypeVar("T")
NONE_LACKS = 2**31
"""More than there are rules: where there are no hosts."""
HOST_RULES = ("with", "ports", "capacity")
"""Those that can be relaxed and may differ between the hosts of one site."""


class Made(Sequence[T]):
    """Made one by one, by whoever reads them."""

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        """Raises `IndexError` as a tuple does."""
        if isinstance(at, slice):
            return tuple(self._make(one) for one in range(self._count)[at])
        return self._make(range(self._count)[at])


class Explainer:
    """One demand held against all hosts, by id."""

    def __init__(
        self,
        decider: Decider,
        demand: Demand,
        neighbours: Sequence[Neighbour],
        now: int,
        freeze: Callable[[], Inventory] | None = None,
    ) -> None:
        """`freeze` tells all that losers are made of, as it is when it is explained."""
        self._decider, self._demand, self._now = decider, demand, now
        self._neighbours = neighbours
        self._freeze = freeze or decider.inventory.frozen
        self._ids, self._rows = decider.inventory.by_id()
        self._refusals = find_refusals(decider, demand, self._rows, now)
        self._count = self._refusals.by_rule.sum(axis=0)
        self._crowds = crowds_of(decider, demand, neighbours, self._rows)
        self._is_crowded: Mask = np.zeros(len(self._rows), np.bool_)
        for one in self._crowds:
            self._is_crowded |= one.mask

    def explanation(self) -> Explanation:
        fits = self._count == 0
        crowded = fits & self._is_crowded
        may = int((fits & ~self._is_crowded).sum())
        relaxations = self._relaxations()
        if crowded.any() and not may:
            relaxations += self._among_replicas()
        if not relaxations and not fits.any():
            relaxations = self._together()
        lost, by_rule = np.flatnonzero(~fits | crowded), self._refused(fits)
        return Explanation(
            looked_at=len(self._rows),
            may=may,
            refusals=tuple(self._count_of(*one) for one in by_rule),
            best=tuple(runner_of(self._demand, one) for one in self._best()),
            losers=self._losers(lost),
            relaxations=relaxations,
            looks=self._looks(lost, [at for _, _, at in by_rule]),
        )

    def sentence(self) -> str:
        """Why no host may run it, whatever stands beside it."""
        found = self._refused(self._count == 0)
        counts = (RuleCount(*name, words, self._hosts(at)) for name, words, at in found)
        return Explanation(len(self._rows), 0, tuple(counts), (), (), ()).sentence

    def _hosts(self, at: Codes) -> tuple[HostId, ...]:
        return tuple(self._ids[one] for one in at.tolist())

    def _count_of(self, name: tuple[str, str], words: str, at: Codes) -> RuleCount:
        label = self._decider.inventory.label
        named = tuple(label(row) for row in self._rows[at[:NAMED_MAX]].tolist())
        return RuleCount(*name, words, self._hosts(at), named)

    def _refused(self, fits: Mask) -> list[tuple[tuple[str, str], str, Codes]]:
        """By the rules that refuse any, with their words: where in the order of ids."""
        says = dict(self._refusals.compiled.says)
        times = {name: self._refusals.of(name) for name in says}
        for spread in self._demand.policy.spreads:
            says["spread", spread.over] = f"where the {spread.over} has replicas already"
        for one in self._crowds:
            says[one.name] = one.says
            known = times.get(one.name, 0)
            times[one.name] = known + (one.mask & fits).astype(np.int64)
        found = []
        for name, words in says.items():
            at = np.repeat(np.arange(len(fits)), times.get(name, 0))
            if len(at):
                found.append((name, words, at))
        return found

    def _looks(self, lost: Codes, by_rule: Sequence[Codes]) -> Made[SiteLook]:
        """Counted by whoever reads the first."""
        inventory = self._decider.inventory
        sites, grounds = inventory.columns.sites_of(self._rows), inventory.asks.grounds.copy()
        refused = np.bincount(sites[lost], minlength=len(grounds))
        known = np.flatnonzero(refused).tolist()
        known.sort(key=lambda site: (grounds[site].name, grounds[site].site))
        counts: list[NDArray[np.int64]] = []

        def look(number: int) -> SiteLook:
            if not counts:
                counts.extend(np.bincount(sites[at], minlength=len(grounds)) for at in by_rule)
            site = known[number]
            told = tuple((at, int(one[site])) for at, one in enumerate(counts) if one[site])
            return SiteLook(grounds[site], int(refused[site]), told)

        return Made(len(known), look)

    def _best(self) -> list[Option]:
        fitting = find_fitting(self._decider, self._demand, self._now)
        full = self._rows[self._is_crowded]
        free = np.flatnonzero(~np.isin(fitting.rows, full))[:BEST_SHOWN].tolist()
        return [option_at(fitting, at, self._candidate(int(fitting.rows[at]))) for at in free]

    def _losers(self, lost: Codes) -> Made[Loser]:
        frozen, rows = self._freeze(), self._rows
        sites = frozen.columns.sites_of(rows)

        def loser(number: int) -> Loser:
            at = int(lost[number])
            one = frozen.candidate_at(int(rows[at]), self._now)
            if self._count[at]:
                return Loser(one, self._refusals.lacks(one, int(sites[at])))
            return Loser(
                one,
                tuple(Lack(*crowd.name, crowd.text) for crowd in self._crowds if crowd.mask[at]),
            )

        return Made(len(lost), loser)

    def _relaxations(self) -> tuple[Relaxation, ...]:
        """By those that lack one thing only."""
        found: list[Relaxation] = []
        for name in self._refusals.compiled.says:
            near = np.flatnonzero((self._count == 1) & (self._refusals.of(name) == 1))
            if not len(near):
                continue
            shown = [self._candidate(int(row)) for row in self._samples(name[0], near)]
            at_sites = self._count_sites(near)
            tried = (
                self._tried(name[0], text, demand, near, at_sites)
                for text, demand in changes_of(self._demand, *name, shown)
            )
            opened = [one for one in tried if one.hosts]
            found += sorted(opened, key=lambda one: (-one.hosts, one.text))
        return tuple(found)

    def _together(self) -> tuple[Relaxation, ...]:
        """Several changes at once, by one host of each site that lacks the fewest things."""
        least = np.flatnonzero(self._count == self._count.min(initial=NONE_LACKS))
        sites = self._decider.inventory.columns.sites_of(self._rows[least])
        _, first = np.unique(sites, return_index=True)
        shown = [self._candidate(int(self._rows[at])) for at in least[np.sort(first)][:SITES_TRIED]]
        everywhere = np.arange(len(self._rows))
        return relaxations_together(
            self._demand,
            shown,
            lambda rule, text, demand: replace(
                self._tried(HOST_RULES[0], text, demand, everywhere, {}), rule=rule
            ),
        )

    def _samples(self, rule: str, near: Codes) -> Codes:
        """One of each kind of host that the rule can tell apart."""
        rows = self._rows[near]
        if rule == "ports":
            return rows
        columns = self._decider.inventory.columns
        keys = columns.sites_of(rows)
        if rule == "capacity":
            keys = columns.hosts.tables[0][rows, FREE_CPUS:CPUS]
        _, first = np.unique(keys, axis=0, return_index=True)
        found: Codes = rows[np.sort(first)]
        return found

    def _tried(
        self, rule: str, text: str, demand: Demand, near: Codes, at_sites: Mapping[int, int]
    ) -> Relaxation:
        """What it opens of those that lacked only this; `at_sites` counts them."""
        grounds = self._decider.inventory.asks.grounds
        if rule in HOST_RULES:
            rows = self._rows[near]
            refusals = find_refusals(self._decider, demand, rows, self._now)
            opened = self._count_sites(near[~refusals.by_rule.any(axis=0)])
        else:
            # The others say of a ground what they said before, and that was nothing.
            rules = [one for one in compile_rules(demand).ground if one.name == rule]
            opened = {
                site: count
                for site, count in at_sites.items()
                if all(it.lack(grounds[site]) is None for it in rules)
            }
        found = [grounds[site] for site in opened]
        prices = (price_per_month(one.prices, demand.size) for one in found)
        cheapest = min((price for price in prices if price is not None), default=None)
        names = tuple(sorted(one.name for one in found))
        return Relaxation(rule, text, (demand,), sum(opened.values()), len(names), cheapest, names)

    def _count_sites(self, near: Codes) -> dict[int, int]:
        """By site, how many of them no replica is in the way of."""
        rows = self._rows[near[~self._is_crowded[near]]]
        counts = np.bincount(self._decider.inventory.columns.sites_of(rows))
        return {site: int(counts[site]) for site in np.flatnonzero(counts).tolist()}

    def _among_replicas(self) -> tuple[Relaxation, ...]:
        """Weaker spreads, tried on the hosts that can be in the answer for one demand."""
        fitting = find_fitting(self._decider, replace(self._demand, home=None), self._now)
        settled = [self._decider.inventory.rows[one.candidate.host] for one in self._neighbours]
        places = fitting.places(self._decider, np.array(settled, np.int64))
        overs = {one.over for one in self._demand.policy.spreads}
        for beside in components_of(self._demand, is_hard=True):
            # What is tried may be wider.
            overs |= {beside.over, *WIDER[beside.over]}
        kept = worth_trying(places, 1, overs)
        candidates = [self._candidate(int(row)) for row in fitting.rows[kept]]
        return group_relaxations([self._demand], candidates, self._neighbours)

    def _candidate(self, row: int) -> Candidate:
        return self._decider.inventory.candidate_at(row, self._now)
