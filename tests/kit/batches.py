"""Batches: builders, a strategy that draws small ones, and the best answer by looking at all."""

import numpy as np
from hypothesis import strategies as st

from hanza.plan.placement.batch import NOWHERE, Answer, Batch, batch_of

Amount = tuple[int, int, int]


def whole(rows: object) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(rows, np.int64)


def a_batch(takes: list[Amount], room: list[Amount], pairs: list[tuple[int, int, int]]) -> Batch:
    """`pairs` are workload, site and cost, in any order."""
    workloads, sites, costs = (whole([one[n] for one in pairs]) for n in range(3))
    return batch_of(
        whole(takes).reshape(-1, 3), whole(room).reshape(-1, 3), workloads, sites, costs
    )


amounts = st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(0, 2))
rooms = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 5))


@st.composite
def batches(draw: st.DrawFn, workloads_max: int = 6, sites_max: int = 3) -> Batch:
    takes = draw(st.lists(amounts, max_size=workloads_max))
    room = draw(st.lists(rooms, max_size=sites_max))
    everywhere = [(w, s) for w in range(len(takes)) for s in range(len(room))]
    pairs = [(w, s, draw(st.integers(0, 20))) for w, s in everywhere if draw(st.integers(0, 3)) > 0]
    return a_batch(takes, room, draw(st.permutations(pairs)))


def random_batch(seed: int, workloads: int, sites: int, share: float) -> Batch:
    """Room is for `1 / share` of all that is taken, shared out at random."""
    chance = np.random.default_rng(seed)
    takes = chance.integers(1, 5, (workloads, 3))
    parts = chance.dirichlet(np.full(sites, 5.0))
    room = np.ceil(takes.sum(axis=0) / share * parts[:, None]).astype(np.int64)
    rows, columns = np.nonzero(chance.random((workloads, sites)) < 0.7)
    return batch_of(takes, room, rows, columns, chance.integers(0, 30, len(rows)))


def options_of(batch: Batch, workload: int) -> list[tuple[int, int]]:
    """Site and cost of each of its pairs."""
    part = slice(batch.starts[workload], batch.starts[workload + 1])
    return list(zip(batch.sites[part].tolist(), batch.costs[part].tolist(), strict=True))


def least_count(batch: Batch) -> int:
    """What the best of all answers counts, by trying every one."""
    room = [tuple(one) for one in batch.room.tolist()]
    return _least_from(batch, 0, room)


def _least_from(batch: Batch, workload: int, room: list[Amount]) -> int:
    if workload == len(batch.takes):
        return 0
    least = batch.unplaced_cost + _least_from(batch, workload + 1, room)
    takes = batch.takes[workload].tolist()
    for site, cost in options_of(batch, workload):
        left = tuple(has - take for has, take in zip(room[site], takes, strict=True))
        if min(left) >= 0:
            after = [*room[:site], left, *room[site + 1 :]]
            least = min(least, cost + _least_from(batch, workload + 1, after))
    return least


def what_is_wrong(batch: Batch, answer: Answer) -> list[str]:
    """Everything that makes it no answer to this batch."""
    wrong, cost, unplaced = [], 0, 0
    left = batch.room.copy()
    for workload, site in enumerate(answer.at.tolist()):
        options = dict(options_of(batch, workload))
        if site == NOWHERE:
            unplaced += 1
        elif site not in options:
            wrong.append(f"{workload} may not go to {site}")
        else:
            cost += options[site]
            left[site] -= batch.takes[workload]
    if (left < 0).any():
        wrong.append("a site has more than it has room for")
    if (cost, unplaced) != (answer.cost, answer.unplaced):
        wrong.append("it counts something else than it says")
    return wrong
