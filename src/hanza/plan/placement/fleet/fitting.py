"""All hosts that may run a demand, in its order of preference, as `score.rank` has them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.fleet.company import is_with_hosts, places_of, points_of_company
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.layout import (
    FREE_MEMORY,
    FULL,
    HOST_COLUMNS,
    ID,
    MEMORY,
    OVERS,
    Shares,
)
from hanza.plan.placement.fleet.reduce import Codes, Places
from hanza.plan.placement.score import Option, room_term


@dataclass(frozen=True, slots=True)
class Fitting:
    """Rows of hosts, best first, with their points; the goals with their weights, and of those that
    are their sites' the values there and the best of each."""

    rows: Codes
    totals: Codes
    goals: tuple[tuple[str, int], ...]
    values: Shares
    best: Shares
    company: Codes | None = None
    """What of the points is for what stands there already; None where nothing is wished for."""

    def places(self, decider: Decider, settled: Codes) -> Places:
        """For each kind of place; `settled` are the rows where replicas stand."""
        inventory = decider.inventory
        codes = {over: places_of(inventory, self.rows, over) for over in OVERS}
        is_settled = {
            over: np.isin(codes[over], places_of(inventory, settled, over)) for over in OVERS
        }
        return Places(codes, is_settled)


def find_fitting(decider: Decider, demand: Demand, now: int, *, is_ordered: bool = True) -> Fitting:
    """Every host that no rule refuses; the order takes the most of it."""
    inventory = decider.inventory
    ask = inventory.asks.of(demand)
    found, at = np.zeros((2, len(inventory.hosts)), np.int32)
    world = inventory.columns.world
    count = decider.list_fitting(world, ask.allowed, decider.needs(demand, now), found, at)
    rows, at = found[:count].astype(np.int64), at[:count]
    kept = _is_with_volumes(decider, demand, rows) & is_with_hosts(inventory, demand, rows)
    rows, at = rows[kept], at[kept]
    sites, inverse = np.unique(ask.allowed[at], return_inverse=True)
    values = inventory.asks.values[np.ix_(ask.measures, sites)]
    is_known = ~np.isnan(values)
    best = np.min(values, axis=1, initial=np.inf, where=is_known)
    totals = np.zeros(len(sites), np.int32)
    # Numbers of measures are rows of `values`, and sites its columns, from nothing on.
    numbers = np.arange(len(sites), dtype=np.int32)
    measures = np.arange(len(ask.measures))
    decider.count_points(numbers, values, measures, ask.weights, best, totals)
    points, company = totals[inverse].astype(np.int64), points_of_company(inventory, demand, rows)
    if ask.weights[-1]:
        points += _points_of_room(decider, rows, ask.weights)
    if company is not None:
        points += company
    order = order_of(decider, rows, points) if is_ordered else np.arange(len(rows))
    return Fitting(
        rows[order],
        points[order],
        ask.goals,
        values[:, inverse[order]],
        best,
        None if company is None else company[order],
    )


def option_at(fitting: Fitting, at: int, candidate: Candidate) -> Option:
    """The one at this place in the order, with its terms."""
    option = option_of(candidate, fitting.goals, fitting.values[:, at], fitting.best)
    if fitting.company is None:
        return option
    more = int(fitting.company[at])
    return Option(candidate, option.total + more, (*option.terms, ("with", more)))


def option_of(
    candidate: Candidate, goals: tuple[tuple[str, int], ...], values: Shares, best: Shares
) -> Option:
    """What speaks for a host whose site has these values, beside the best there are."""
    whole = sum(weight for _, weight in goals)
    measured = [one for one in goals if one[0] != "room"]
    terms = (
        *(
            (goal, round(FULL * weight * _ratio(least, value) / whole))
            for (goal, weight), least, value in zip(
                measured, best.tolist(), values.tolist(), strict=True
            )
        ),
        *room_term(candidate, dict(goals).get("room", 0), whole),
    )
    return Option(candidate, sum(points for _, points in terms), terms)


def _points_of_room(decider: Decider, rows: Codes, weights: Shares) -> Codes:
    """As `score.room_points` counts them, for each row."""
    shares = np.clip(_free_shares(decider, rows), 0.0, 1.0)
    found: Codes = np.rint(FULL * weights[-1] * shares / weights.sum()).astype(np.int64)
    return found


def _free_shares(decider: Decider, rows: Codes) -> Shares:
    hosts = decider.inventory.columns.hosts.tables[0]
    found: Shares = hosts[rows, FREE_MEMORY] / np.maximum(hosts[rows, MEMORY], 1)
    return found


def _ratio(best: float, value: float) -> float:
    """Nothing for what is unknown, which is no number."""
    if math.isnan(value):
        return 0.0
    return 1.0 if value == best else best / value


def _is_with_volumes(decider: Decider, demand: Demand, rows: Codes) -> NDArray[np.bool_]:
    """Where all its volumes are, and none of them is in another's hands."""
    kept: NDArray[np.bool_] = np.ones(len(rows), np.bool_)
    for one in demand.pin.volumes:
        if one.host is not None:
            kept &= rows == decider.inventory.rows.get(one.host, -1)
        if one.taken_by is not None or one.is_leaving:
            kept[:] = False
    return kept


def order_of(decider: Decider, rows: Codes, totals: Codes) -> Codes:
    """By points, then the larger free share of memory, then the id."""
    hosts, ids = decider.inventory.columns.hosts.tables[0], decider.inventory.hosts
    shares = _free_shares(decider, rows)
    words = [hosts[rows, column] for column in reversed(range(ID, HOST_COLUMNS))]
    keys = [*words, -shares, -totals]
    order: Codes = np.lexsort(keys)
    is_same = np.ones(max(len(rows) - 1, 0), np.bool_)
    for key in keys:
        is_same &= key[order][1:] == key[order][:-1]
    if not is_same.any():
        return order
    # Ids that start alike: in full.
    by_id = sorted(range(len(rows)), key=lambda one: ids[rows[one]])
    again = np.array(by_id)
    return again[np.lexsort((-shares[again], -totals[again]))]
