"""The bound for a large group: no way to place it has more points than that.

What is asked about more than one member at a time (ports, spreads, company, terms) is left out, and
a site counts as one host with the room of all its hosts together: that allows more than there is,
so the most points of that are no fewer.  `bound` proves how many those are.  Of a kind's sites only
the best are named, and all the others together are one place with room for everybody and the points
of the best of them: that allows more again.
"""

from collections.abc import Sequence

import numpy as np

from hanza.plan.placement.batch import Answer, Batch, TooLarge, batch_of
from hanza.plan.placement.beside import components_of
from hanza.plan.placement.bound import prove
from hanza.plan.placement.fleet.company import places_of
from hanza.plan.placement.fleet.host import Standing
from hanza.plan.placement.fleet.large import Large
from hanza.plan.placement.fleet.reduce import Codes
from hanza.plan.placement.proof import Proof
from hanza.plan.placement.search import SOFT_FINE

ROUNDS_MAX = 400
PAIRS_MAX = 300_000
"""Of members and sites."""


def prove_placed(
    large: Large, rows: Codes, neighbours: Sequence[Standing], pairs_max: int = PAIRS_MAX
) -> Proof:
    """How near to the best these rows are, one for each member."""
    points, most = large.points(rows), large.most
    fines = SOFT_FINE * _missed(large, rows, neighbours)
    lost, least = int((most - points).sum()), 0
    if lost and large.decider.may_solve:
        try:
            batch = _batch_of(large, pairs_max)
            answer = Answer(np.zeros(0, np.int64), lost, 0, np.zeros(batch.room.shape))
            least = max(0, min(lost, prove(batch, answer, ROUNDS_MAX).least))
        except TooLarge:
            # Numbers that cannot be summed exactly prove nothing but what each alone could have.
            least = 0
    return Proof(len(rows), int(points.sum()) - fines, int(most.sum()) - least)


def _batch_of(large: Large, pairs_max: int) -> Batch:
    """Members, and sites with one more for all that are not named; it costs the points lost."""
    columns = large.decider.inventory.columns
    known = large.hosts
    sites, inverse = np.unique(columns.sites_of(known), return_inverse=True)
    room = np.zeros((len(sites) + 1, 3), np.int64)
    np.add.at(room, inverse, large.free(known))
    room[-1] = large.takes.sum(axis=0)
    named = max(1, pairs_max // len(large.demands))
    parts = []
    for kind, fitting in enumerate(large.fitting):
        mine = np.flatnonzero(large.kinds == kind)
        there = np.searchsorted(sites, columns.sites_of(fitting.rows))
        lost = np.full(len(sites), -1)
        np.maximum.at(lost, there, fitting.totals)
        at = np.flatnonzero(lost >= 0)
        at = at[np.argsort(-lost[at], kind="stable")]
        costs = fitting.totals.max() - lost[at]
        if len(at) > named:
            at, costs = np.append(at[:named], len(sites)), costs[: named + 1]
        parts.append((np.repeat(mine, len(at)), np.tile(at, len(mine)), np.tile(costs, len(mine))))
    pairs = (np.concatenate(one).astype(np.int64) for one in zip(*parts, strict=True))
    return batch_of(large.takes, room, *pairs)


def _missed(large: Large, rows: Codes, neighbours: Sequence[Standing]) -> int:
    """How many of them stand where soft spreads do not want them, or apart from what they would
    rather be beside, of what there is: what the search would fine."""
    inventory = large.decider.inventory
    names = {one.component for one in large.demands if one.component is not None}
    known = [one for one in neighbours if one.host in inventory.rows]
    stands: dict[str, list[int]] = {name: [] for name in names}
    for other in known:
        stands.setdefault(other.component, []).append(inventory.rows[other.host])
    for row, one in zip(rows.tolist(), large.demands, strict=True):
        if one.component is not None:
            stands[one.component].append(row)
    at = {name: np.array(found, np.int64) for name, found in stands.items()}
    return _crowded(large, at) + _apart(large, rows, at)


def _crowded(large: Large, stands: dict[str, Codes]) -> int:
    inventory, missed = large.decider.inventory, 0
    asked = {
        (one.component, spread)
        for one in (large.demands[first] for first in large.firsts)
        if one.component is not None
        for spread in one.policy.spreads
        if not spread.is_hard
    }
    for name, spread in asked:
        at = places_of(inventory, stands[name], spread.over)
        counts = np.unique(at, return_counts=True)[1]
        there = len(np.unique(places_of(inventory, large.hosts, spread.over)))
        if spread.distinct_min is not None or spread.share_max is None:
            wanted = min(spread.distinct_min or len(at), len(at), there)
            missed += max(0, wanted - len(counts))
        if spread.share_max is not None:
            limit = max(1, len(at) * spread.share_max // 100)
            missed += int(np.maximum(counts - limit, 0).sum())
    return missed


def _apart(large: Large, rows: Codes, stands: dict[str, Codes]) -> int:
    inventory, missed = large.decider.inventory, 0
    for kind, first in enumerate(large.firsts):
        for beside in components_of(large.demands[first], is_hard=False):
            mine = places_of(inventory, rows[large.kinds == kind], beside.over)
            others = stands.get(beside.name, np.zeros(0, np.int64))
            missed += int((~np.isin(mine, places_of(inventory, others, beside.over))).sum())
    return missed
