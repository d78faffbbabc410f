"""Placing many at once: thousands of workloads on thousands of sites, in one answer.

For what is decided together and in numbers alone: who may go where is a list of pairs, each with
a whole cost, and what counts at a site is room in three dimensions.  The answer never puts more
on a site than it has room for, nor anything where it may not go, and is the same for the same
batch.  To leave one unplaced is worse than any cost of all the others.

Those with the fewest options go first: once each to the cheapest that has room, and once to the
cheapest by cost and *prices* of room, which are high where many want to be (`bound_ascent`).
`batch_search.improve` betters the second, and the first where it left somebody out, until no
single step does, and the better one is the answer, once chains of others were moved for those
that are still without a place.  How far it may be from the best is not guessed but proven, by
`plan.placement.bound`, from the prices.  What spreads, ports and volumes ask is not known here:
that is `choose`'s.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from hanza.plan.placement.batch_search import (
    NOWHERE,
    Books,
    Pairs,
    empty_books,
    improve,
    place_by_prices,
    place_first_fits,
    rescue,
    take_up,
)
from hanza.plan.placement.bound_ascent import charge, climb

DIMENSIONS = 3
ROUNDS = 250
"""Of looking for prices: more make them truer, and what they lead to no better."""
CHAIN_MAX, TRIES_MAX = 4, 100_000
"""How many may go elsewhere for one that has no place, and how many in all are tried for it."""
PASSES_MAX = 200
"""Rounds of local search; what it finds in the last tenth of them is not worth telling."""
_KEY_BITS = 63
SUM_MAX = 2**60
"""What no sum exceeds, so that all of them are exact."""

Whole: TypeAlias = npt.NDArray[np.int64]
Prices: TypeAlias = npt.NDArray[np.float64]


class TooLarge(ValueError):
    """The numbers of a batch are so large that sums of them would not be exact."""


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Workloads that take room, sites that have it, and who may go where at what cost.

    Made by `batch_of` alone.  `takes` is workloads x 3 and `room` sites x 3, in whole units of
    each dimension.  The pairs of workload `w` are those from `starts[w]` to `starts[w + 1]`,
    cheapest first and of equals the lower site.
    """

    takes: Whole
    room: Whole
    starts: Whole
    sites: Whole
    costs: Whole
    unplaced_cost: int
    """What one unplaced counts: more than all that can be placed cost together."""

    @property
    def pairs(self) -> Pairs:
        """As the loops want it."""
        return Pairs(self.takes, self.starts, self.sites, self.costs, self.unplaced_cost)


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """The site of each workload, `NOWHERE` for the unplaced.  `cost` is of the placed alone.

    `prices` of room by site and dimension led to it: where a proof begins to look.
    """

    at: Whole
    cost: int
    unplaced: int
    prices: Prices


def batch_of(takes: Whole, room: Whole, workloads: Whole, sites: Whole, costs: Whole) -> Batch:
    """From pairs in any order: `workloads[i]` may go to `sites[i]` at `costs[i]`.

    Pairs whose workload would not fit there alone are left out.  Raises `ValueError` for what is
    negative, unknown or said twice, and `TooLarge`.
    """
    _refuse_strange(takes, room, workloads, sites, costs)
    fits = np.ones(len(costs), bool)
    for dimension in range(DIMENSIONS):
        fits &= takes[workloads, dimension] <= room[sites, dimension]
    workloads, sites, costs = workloads[fits], sites[fits], costs[fits]
    keys, site_bits, cost_bits = _keys_of(workloads, sites, costs, takes, room)
    keys.sort()
    starts = np.zeros(len(takes) + 1, np.int64)
    np.cumsum(np.bincount(workloads, minlength=len(takes)), out=starts[1:])
    costs = (keys >> site_bits) & ((1 << cost_bits) - 1)
    dearest = costs[starts[1:][np.diff(starts) > 0] - 1]
    unplaced_cost = 1 + int(dearest.sum())
    if unplaced_cost * max(len(takes) + 1, 4 * int(takes.max(initial=0))) > SUM_MAX:
        raise TooLarge("costs are so large that sums of them would not be exact")
    return Batch(takes, room, starts, keys & ((1 << site_bits) - 1), costs, unplaced_cost)


def _keys_of(
    workloads: Whole, sites: Whole, costs: Whole, takes: Whole, room: Whole
) -> tuple[Whole, int, int]:
    """One number for each pair, so that sorting numbers sorts by workload, cost and site, which is
    much faster than by three; with how many bits of it are the site's and the cost's."""
    site_bits = len(room).bit_length()
    cost_bits = int(costs.max(initial=0)).bit_length()
    if len(takes).bit_length() + cost_bits + site_bits > _KEY_BITS:
        raise TooLarge("workloads, sites and costs do not fit into one number of 63 bits")
    return (((workloads << cost_bits) | costs) << site_bits) | sites, site_bits, cost_bits


def place_batch(batch: Batch) -> Answer:
    """An answer that no shift, swap or ejection of one workload makes better."""
    pairs = batch.pairs
    order = np.argsort(np.diff(batch.starts), kind="stable")
    books = empty_books(batch.room, len(batch.takes))
    place_first_fits(pairs, books, order)
    if (books.chosen == NOWHERE).any():
        improve(pairs, books, PASSES_MAX)
    charged = charge(pairs, batch.room)
    begin = np.zeros_like(charged.room)
    prices = climb(charged, float(_counts(batch, books)), begin, ROUNDS) / charged.units
    guided = empty_books(batch.room, len(batch.takes))
    place_by_prices(pairs, guided, order, prices)
    improve(pairs, guided, PASSES_MAX)
    better = min(guided, books, key=lambda one: _counts(batch, one))
    rescue(pairs, better, CHAIN_MAX, TRIES_MAX)
    improve(pairs, better, PASSES_MAX)
    return _answer(batch, better, prices)


def better_batch(batch: Batch, at: Whole, *, betters: bool = True) -> Answer:
    """An answer that counts no more than that where workloads are `at`, by their sites.

    It is what `place_batch` finds, or where that counts more, what chains of others for those that
    are `NOWHERE`, and steps, make of it.  Unless it `betters`, workloads that have a place leave it
    only for one that has none.  Raises `ValueError` for one that may not be there or has no room.
    """
    pairs, books = batch.pairs, empty_books(batch.room, len(batch.takes))
    options = np.diff(batch.starts)
    there = np.flatnonzero(batch.sites == np.repeat(at, options))
    take_up(pairs, books, np.repeat(np.arange(len(options)), options)[there], there)
    if len(there) != int((at != NOWHERE).sum()) or (books.free < 0).any():
        raise ValueError("who has a place may be there, and there is room for it")
    if not betters:
        rescue(pairs, books, CHAIN_MAX, TRIES_MAX)
        if (books.chosen != NOWHERE).all():
            return _answer(batch, books, np.zeros(batch.room.shape))
    fresh = place_batch(batch)
    if not fresh.unplaced and fresh.cost <= _counts(batch, books):
        return fresh
    rescue(pairs, books, CHAIN_MAX, TRIES_MAX)
    improve(pairs, books, PASSES_MAX)
    mended = _answer(batch, books, np.zeros(batch.room.shape))
    return min(mended, fresh, key=lambda one: counts(batch, one))


def counts(batch: Batch, answer: Answer) -> int:
    """What an answer counts: its cost, and for each unplaced more than any cost."""
    return answer.cost + answer.unplaced * batch.unplaced_cost


def _answer(batch: Batch, books: Books, prices: Prices) -> Answer:
    placed = books.chosen[books.chosen != NOWHERE]
    at = np.full(len(books.chosen), NOWHERE, np.int64)
    at[books.chosen != NOWHERE] = batch.sites[placed]
    return Answer(at, int(batch.costs[placed].sum()), len(at) - len(placed), prices)


def _counts(batch: Batch, books: Books) -> int:
    placed = books.chosen[books.chosen != NOWHERE]
    unplaced = len(books.chosen) - len(placed)
    return int(batch.costs[placed].sum()) + unplaced * batch.unplaced_cost


def _refuse_strange(
    takes: Whole, room: Whole, workloads: Whole, sites: Whole, costs: Whole
) -> None:
    for amounts in (takes, room):
        if amounts.ndim != 2 or amounts.shape[1] != DIMENSIONS:
            raise ValueError(f"room is counted in {DIMENSIONS} dimensions")
    if not len(workloads) == len(sites) == len(costs):
        raise ValueError("each pair has a workload, a site and a cost")
    for what, numbers, end in (
        ("an amount that is taken", takes, SUM_MAX),
        ("a room", room, SUM_MAX),
        ("a workload", workloads, len(takes)),
        ("a site", sites, len(room)),
        ("a cost", costs, SUM_MAX),
    ):
        if numbers.min(initial=0) < 0 or numbers.max(initial=-1) >= end:
            raise ValueError(f"{what} is out of range")
    if (np.diff(np.sort(workloads * len(room) + sites)) == 0).any():
        raise ValueError("a pair of workload and site is said twice")
