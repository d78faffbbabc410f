"""What demands ask of a site, compiled once for all that ask the same and kept up to date.

Most rules look at the ground only.  So what is asked becomes the list of sites that these rules
allow and the value of each goal there; a ground that changes is looked at again by whoever asks
next, and no other.  What was asked longest ago for the first time is forgotten when there is too
much.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hanza.model.policy import Policy, Spread
from hanza.plan.placement.candidate import Demand, Ground
from hanza.plan.placement.fleet.layout import (
    NONE,
    OVERS,
    SPREAD_COLUMNS,
    Members,
    Shares,
    Table,
)
from hanza.plan.placement.rules import Rule, compile_rules
from hanza.plan.placement.score import goals_of, measures_of

CELLS_MAX = 4_000_000
"""Sites of all asks together: 8 bytes each."""
ASKS_LEAST = 512
"""So many are remembered of any fleet, however many sites it has."""
FEW = 64
"""Changed sites up to here are put right one by one."""
ALL = 2**62
"""As different as there are replicas."""
LEAST_SITES = 16


@dataclass(slots=True)
class Measure:
    """The row that has one goal's value for each site, and how many asks look there."""

    row: int
    value_of: Callable[[Ground], float | None]
    seen: int = 0
    users: int = 0


@dataclass(slots=True)
class Ask:
    """`allowed` are the sites, best first by `totals`, their points as last counted with the values
    in `best`.  `weights` are those of the `measures`, and behind them that of room."""

    key: object
    policy: Policy
    rules: tuple[Rule, ...]
    goals: tuple[tuple[str, int], ...]
    measured: list[Measure]
    measures: Table
    weights: Shares
    spreads: Table
    is_simple: bool
    """No two soft spreads are over the same."""
    best: Shares
    allowed: Members = field(default_factory=lambda: np.zeros(0, np.int32))
    totals: Members = field(default_factory=lambda: np.zeros(0, np.int32))
    seen: int = 0

    def allows(self, ground: Ground) -> bool:
        return all(rule.lack(ground) is None for rule in self.rules)


class Asks:
    """Grounds by their number, and everything that was asked of them."""

    def __init__(self, cells_max: int = CELLS_MAX, asks_least: int = ASKS_LEAST) -> None:
        self._cells_max, self._asks_least = cells_max, asks_least
        self.grounds: list[Ground] = []
        self.has_terms = False
        """Whether any provider had terms: from then on a tenant is part of what is asked."""
        self.values: NDArray[np.float64] = np.full((4, LEAST_SITES), np.nan)
        self._measures: dict[object, Measure] = {}
        self._free_rows: list[int] = []
        self._asks: dict[object, Ask] = {}
        self._by_policy: dict[object, Ask] = {}
        self._cells = 0
        self._log: list[int] = []
        self._log_start = 0

    def put(self, number: int, ground: Ground) -> None:
        """A new ground, or another one in its place."""
        if number == len(self.grounds):
            self.grounds.append(ground)
            if number == self.values.shape[1]:
                more = np.full((len(self.values), max(LEAST_SITES, number // 8)), np.nan)
                self.values = np.hstack((self.values, more))
        self.grounds[number] = ground
        self.has_terms |= ground.terms is not None
        self._log.append(number)
        if len(self._log) > 2 * len(self.grounds) + FEW:
            half = len(self._log) // 2
            del self._log[:half]
            self._log_start += half

    def of(self, demand: Demand) -> Ask:
        """What it asks, up to date.  A policy that was seen last is known by its identity."""
        size, pin = demand.size, demand.pin
        whose = (demand.tenant, demand.tenant_country, pin.held_mib) if self.has_terms else None
        rest = (
            *(size.cpus, size.memory_mib, size.disk_mib, pin.site, demand.conflict),
            *(demand.companions, whose),
        )
        ask = self._by_policy.get((id(demand.policy), rest))
        if ask is None:
            ask = self._ask_of(demand, rest)
        if ask.seen != self._log_start + len(self._log):
            self._catch_up(ask)
        return ask

    def _ask_of(self, demand: Demand, rest: object) -> Ask:
        key = (demand.policy, rest)
        ask = self._asks.get(key)
        if ask is None:
            ask = self._asks[key] = self._compile(demand, key)
        # The ask keeps its policy, so no other one has this identity meanwhile.
        self._by_policy.pop((id(ask.policy), rest), None)
        ask.policy = demand.policy
        self._by_policy[id(demand.policy), rest] = ask
        return ask

    def _compile(self, demand: Demand, key: object) -> Ask:
        while self._asks and self._cells > self._room:
            self._forget(next(iter(self._asks.values())))
        measured, room = measures_of(demand), goals_of(demand.policy).room
        rows = [self._measure(demand, goal, value_of) for goal, _, value_of in measured]
        soft = [one.over for one in demand.policy.spreads if not one.is_hard]
        return Ask(
            key,
            demand.policy,
            compile_rules(demand).ground,
            (
                *((goal, weight) for goal, weight, _ in measured),
                *((("room", room),) if room else ()),
            ),
            rows,
            np.array([one.row for one in rows], np.int64),
            np.array([*(float(weight) for _, weight, _ in measured), float(room)]),
            spread_table(demand.policy.spreads),
            len(soft) == len(set(soft)),
            np.full(len(rows), np.nan),
            seen=-1,
        )

    @property
    def _room(self) -> int:
        return max(self._cells_max, self._asks_least * len(self.grounds))

    def _measure(
        self, demand: Demand, goal: str, value_of: Callable[[Ground], float | None]
    ) -> Measure:
        """Asks share what is the same for them: nearness by points, price by size."""
        depends_on = {
            "nearness": demand.policy.near,
            "price": demand.size,
            "carbon": None,
        }.get(goal, (demand.policy, demand.size))
        found = self._measures.get((goal, depends_on))
        if found is None:
            found = Measure(self._new_row(), value_of, seen=-1)
            self._measures[goal, depends_on] = found
        found.users += 1
        return found

    def _new_row(self) -> int:
        if self._free_rows:
            return self._free_rows.pop()
        row = len(self._measures)
        if row == len(self.values):
            self.values = np.vstack(
                (self.values, np.full((row // 4, self.values.shape[1]), np.nan))
            )
        return row

    def _forget(self, ask: Ask) -> None:
        del self._asks[ask.key]
        self._by_policy = {key: one for key, one in self._by_policy.items() if one is not ask}
        self._cells -= len(ask.allowed)
        for one in ask.measured:
            one.users -= 1
        for key, one in list(self._measures.items()):
            if not one.users:
                self._free_rows.append(one.row)
                del self._measures[key]

    def _catch_up(self, ask: Ask) -> None:
        """Look again at the grounds that were changed since it was asked last."""
        for measure in ask.measured:
            if measure.seen != self._log_start + len(self._log):
                for number in self._changed_since(measure.seen):
                    value = measure.value_of(self.grounds[number])
                    self.values[measure.row, number] = np.nan if value is None else value
                measure.seen = self._log_start + len(self._log)
        before = len(ask.allowed)
        changed = self._changed_since(ask.seen)
        now_allowed = [one for one in changed if ask.allows(self.grounds[one])]
        kept = np.setdiff1d(ask.allowed, np.array(changed, np.int32), assume_unique=True)
        ask.allowed = np.concatenate((kept, np.array(now_allowed, np.int32)))
        ask.totals = np.zeros(len(ask.allowed), np.int32)
        ask.best[:] = np.nan
        ask.seen = self._log_start + len(self._log)
        self._cells += len(ask.allowed) - before

    def _changed_since(self, seen: int) -> Sequence[int]:
        """All of them for who has seen nothing, or too little."""
        if seen < self._log_start:
            return range(len(self.grounds))
        return sorted(set(self._log[seen - self._log_start :]))


def spread_table(spreads: Sequence[Spread]) -> Table:
    """A row for each; without a number of different ones or a largest share it wants all apart."""
    table = np.zeros((len(spreads), SPREAD_COLUMNS), np.int64)
    for row, one in zip(table, spreads, strict=True):
        is_all = one.distinct_min is None and one.share_max is None
        distinct = ALL if is_all else one.distinct_min or 0
        share = NONE if one.share_max is None else one.share_max
        row[:] = OVERS[one.over], distinct, share, one.is_hard
    return table
