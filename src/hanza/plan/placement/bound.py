"""How far a batch's answer may be from the best: proven by prices, which anybody can check.

Let a unit of room have a price at each site and in each dimension, and let every workload choose
alone: the cheapest of its sites by cost and prices together, or to stay unplaced.  What they all
pay then, less what all the room is worth, is no more than the best answer counts: in that, each
pays no less than its cheapest, and no site sells more than it has (Lagrange; Geoffrion 1974).
That is so for *any* prices that are not negative.  So the certificate is the prices; `check` needs
nothing else and computes in whole numbers; how they were found (`bound_ascent`) proves nothing.

An answer *counts* its cost, and `Batch.unplaced_cost` for each unplaced.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hanza.plan.placement.batch import Answer, Batch, Prices, TooLarge, Whole, counts
from hanza.plan.placement.bound_ascent import Charged, charge, climb, worth_of

ROUNDS_MAX = 2_000
SHARES = (1.0, 0.75, 0.5, 0.25)
"""How large those are that give up: so many parts of all workloads take less."""
_SCALE_BITS_MAX = 24
_SUM_BITS = 61


@dataclass(frozen=True, eq=False, slots=True)
class Bound:
    """A certificate: `prices` (sites x 3) for one unit of room, in `scale`-ths of a cost, and
    what follows from them: no answer counts less than `least`."""

    prices: Whole
    scale: int
    least: int


@dataclass(frozen=True, slots=True)
class Proven:
    """What a bound says of an answer.

    No answer leaves fewer than `unplaced_least`.  Where this one leaves no more than that, no
    answer that does so too costs less than `cost_least`; None where it leaves more.
    """

    unplaced: int
    unplaced_least: int
    cost_least: int | None
    gap: Fraction | None
    """The part by which the cost may be too much; None where nothing is proven of it."""

    @property
    def sentence(self) -> str:
        """With a percentage that is rounded up."""
        if self.cost_least is None:
            least = f"at least {self.unplaced_least} have to be"
            return f"not proven: {self.unplaced} unplaced, {least}"
        if self.gap is None:
            return "not proven: the bound on its cost is 0"
        hundredths = -(-self.gap.numerator * 10_000 // self.gap.denominator)
        return f"within {hundredths // 100}.{hundredths % 100:02d} % of optimal"


def prove(batch: Batch, answer: Answer, rounds_max: int = ROUNDS_MAX) -> Bound:
    """Look for prices that prove as much as can be, from those that led to the answer on."""
    charged = charge(batch.pairs, batch.room)
    target, begin = float(counts(batch, answer)), _begin(batch, answer, charged)
    found = climb(charged, target, begin, rounds_max) / charged.units
    # Whoever takes room takes a unit at least: a price above what one unplaced counts proves less.
    found = np.minimum(found, batch.unplaced_cost)
    scale = _finest_scale(batch, found)
    prices = np.rint(found * scale).astype(np.int64)
    return Bound(prices, scale, check(batch, prices, scale))


def _begin(batch: Batch, answer: Answer, charged: Charged) -> Prices:
    """The prices that led to the answer; where not all are placed, perhaps one price more for all
    the room of a dimension, at which some give up: what a climb from below hardly finds."""
    begin = answer.prices * charged.units
    if not answer.unplaced:
        return begin
    candidates = [begin]
    for dimension in range(batch.takes.shape[1]):
        taken = batch.takes[:, dimension]
        for share in SHARES if taken.any() else ():
            dearer = begin.copy()
            unit = charged.units[dimension] / max(float(np.quantile(taken, share)), 1.0)
            dearer[:, dimension] += batch.unplaced_cost * unit
            candidates.append(dearer)
    return max(candidates, key=lambda one: worth_of(charged, one, np.zeros_like(one)))


def _finest_scale(batch: Batch, found: Prices) -> int:
    """A power of two, such that no sum in `check` is too large for it."""
    charged = (found.max(axis=0, initial=0.0) * batch.takes.max(axis=0, initial=0)).sum()
    largest = batch.unplaced_cost * (len(batch.takes) + 1) + int(charged)
    return 1 << max(0, min(_SCALE_BITS_MAX, _SUM_BITS - largest.bit_length()))


def check(batch: Batch, prices: Whole, scale: int) -> int:
    """What these prices prove, recomputed in whole numbers: no answer counts less.

    Raises `ValueError` for prices that prove nothing, `TooLarge` where sums would not be exact.
    """
    if prices.shape != batch.room.shape or prices.min(initial=0) < 0 or scale < 1:
        raise ValueError("prices are for each site and dimension, and never negative")
    dearest = prices.max(axis=0, initial=0).tolist()
    largest = batch.takes.max(axis=0, initial=0).tolist()
    charged_most = sum(price * take for price, take in zip(dearest, largest, strict=True))
    if charged_most + batch.unplaced_cost * scale >= 2**63:
        raise TooLarge("prices are so large that sums of them would not be exact")
    options = np.diff(batch.starts)
    charged = batch.costs * scale
    for dimension in range(batch.room.shape[1]):
        taken = np.repeat(batch.takes[:, dimension], options)
        charged += prices[batch.sites, dimension] * taken
    cheapest = np.full(len(options), batch.unplaced_cost * scale)
    if len(charged):
        of_each = np.minimum.reduceat(charged, batch.starts[:-1][options > 0])
        cheapest[options > 0] = np.minimum(cheapest[options > 0], of_each)
    paid: int = sum(cheapest.tolist())
    sold = zip(prices.ravel().tolist(), batch.room.ravel().tolist(), strict=True)
    worth: int = sum(price * room for price, room in sold)
    return -((worth - paid) // scale)


def proven(batch: Batch, answer: Answer, bound: Bound) -> Proven:
    """What the bound says of this answer."""
    # All placed together cost less than one unplaced counts, so whole multiples of it remain.
    unplaced, unplaced_least = answer.unplaced, max(0, bound.least // batch.unplaced_cost)
    if unplaced > unplaced_least:
        return Proven(unplaced, unplaced_least, None, None)
    cost_least = max(0, bound.least - unplaced * batch.unplaced_cost)
    above = answer.cost - cost_least
    gap = None if above and not cost_least else Fraction(above, max(cost_least, 1))
    return Proven(unplaced, unplaced_least, cost_least, gap)
