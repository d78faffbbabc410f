"""Climbing to good prices for `plan.placement.bound`: a subgradient ascent, in floating point.

Where workloads want more of a site than it has, its price rises; where they want less, it falls,
never below nothing.  Steps are as long as Polyak says for the cost that is known to be possible,
along a direction that remembers the one before; where they stop helping they are halved, from
the best prices so far.  Nothing that is found here is believed: `bound.check` counts again.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanza.plan.placement.batch_search import Pairs
from hanza.plan.placement.compiler import compiled

STALE_MAX = 20
"""So many rounds without a better bound, and steps become half as long."""
PACE_LEAST = 1e-4
MEMORY = 0.7
"""The part of the last direction that the next one keeps."""


class Charged(NamedTuple):
    """A batch in floating point; room counts in units of what a workload takes on average, so
    that dimensions weigh alike.  Costs stay whole numbers."""

    takes: npt.NDArray[np.float64]
    room: npt.NDArray[np.float64]
    units: npt.NDArray[np.float64]
    pairs: Pairs


def charge(pairs: Pairs, room: npt.NDArray[np.int64]) -> Charged:
    units = np.maximum(pairs.takes.mean(axis=0) if len(pairs.takes) else np.ones(3), 1e-9)
    return Charged(pairs.takes / units, room / units, units, pairs)


@compiled
def climb(
    charged: Charged, target: float, start: npt.NDArray[np.float64], rounds_max: int
) -> npt.NDArray[np.float64]:
    """Prices (sites x 3, in the units of `charged`) that prove much, from some to start with;
    `target` is what is known to be possible."""
    prices = start.copy()
    wanted, direction = np.zeros_like(prices), np.zeros_like(prices)
    best, best_prices = -np.inf, prices.copy()
    pace, stale = 1.0, 0
    for _ in range(rounds_max):
        worth = worth_of(charged, prices, wanted)
        stale += 1
        if worth > best:
            best, stale = worth, 0
            best_prices[:] = prices
        if stale >= STALE_MAX:
            pace, stale = pace / 2, 0
            prices[:] = best_prices
            direction[:] = 0.0
            continue
        length = turn(direction, wanted, prices)
        if length == 0.0 or worth >= target or pace < PACE_LEAST:
            break
        go(prices, direction, pace * (target - worth) / length)
    return best_prices


@compiled
def worth_of(
    charged: Charged, prices: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]
) -> float:
    """What these prices prove, about; `wanted` becomes what is asked for over the room there is.

    Sites come cheapest first and prices only add, so the look at a workload ends where the cost
    alone is more than the best of it.
    """
    takes, pairs, worth = charged.takes, charged.pairs, 0.0
    wanted[:] = -charged.room
    for workload in range(len(takes)):
        least, at = float(pairs.unplaced_cost), -1
        for pair in range(pairs.starts[workload], pairs.starts[workload + 1]):
            paid = float(pairs.costs[pair])
            if paid >= least:
                break
            site = pairs.sites[pair]
            for dimension in range(3):
                paid += prices[site, dimension] * takes[workload, dimension]
            if paid < least:
                least, at = paid, site
        worth += least
        if at >= 0:
            for dimension in range(3):
                wanted[at, dimension] += takes[workload, dimension]
    for site in range(len(prices)):
        for dimension in range(3):
            worth -= prices[site, dimension] * charged.room[site, dimension]
    return worth


@compiled
def turn(
    direction: npt.NDArray[np.float64],
    wanted: npt.NDArray[np.float64],
    prices: npt.NDArray[np.float64],
) -> float:
    """Turn the direction towards what is wanted; the square of its length."""
    length = 0.0
    for site in range(len(prices)):
        for dimension in range(3):
            along = wanted[site, dimension] + MEMORY * direction[site, dimension]
            if along < 0.0 and prices[site, dimension] == 0.0:
                along = 0.0
            direction[site, dimension] = along
            length += along * along
    return length


@compiled
def go(prices: npt.NDArray[np.float64], direction: npt.NDArray[np.float64], step: float) -> None:
    """A step along the direction, no price below nothing."""
    for site in range(len(prices)):
        for dimension in range(3):
            price = prices[site, dimension] + step * direction[site, dimension]
            prices[site, dimension] = max(price, 0.0)
