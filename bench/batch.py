"""How near to the best a big batch is placed, how fast, and how fast that is proven.

5,000 workloads on 1,000 sites, and smaller and tighter ones beside it.  Sites and the cities of
the workloads' users lie anywhere in a square of 3,000 km; a workload may go to about half of the
countries, to sites with the certificate it asks for, within its round trip; it costs by nearness,
price and carbon.  Half of all processors that there are is asked for, and nine tenths where it is
tight.  Times are of the processor, without compiling.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from bench.report import Number, load_average, tell
from hanza.plan.placement.batch import batch_of, place_batch
from hanza.plan.placement.bound import check, prove, proven

R = TypeVar("R")
Whole: TypeAlias = npt.NDArray[np.int64]
Amounts: TypeAlias = npt.NDArray[np.float64]
BIG, SMALL, TINY = (5_000, 1_000), (1_000, 100), (50, 10)
LOAD, TIGHT = 0.7, 1.5
"""Of the room that sites share out by size; each has a little more."""
SEED = 11
number = partial(Number, "placement")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    numbers = run(parser.parse_args().runs)
    return 0 if all(one.is_kept for one in numbers) else 1


def run(runs: int = 5) -> list[Number]:
    """Every number, told as soon as it is known: medians of so many runs."""
    warmed, _ = _timed(lambda: [_measure(*TINY, LOAD) for _ in range(2)])
    numbers = [tell(number("batch: compiling, or loading what was compiled", warmed, "s"))]
    for size, load in ((SMALL, LOAD), (BIG, LOAD), (BIG, TIGHT)):
        found = [_measure(*size, load) for _ in range(runs)]
        numbers += _told(size, load, found, is_judged=(size, load) == (BIG, LOAD))
    numbers.append(tell(number("batch: load of the machine", load_average(), "")))
    return numbers


def _told(
    size: tuple[int, int], load: float, found: Sequence[dict[str, float]], *, is_judged: bool
) -> list[Number]:
    at_most = {"gap": 1.5, "answer": 0.5, "proof": 1.5, "unplaced": 0.0} if is_judged else {}
    units = {"gap": "% proven", "unplaced": "workloads", "asked of all cpus": "%"}
    words = f"batch: {size[0]:,} x {size[1]:,}{', tight' if load == TIGHT else ''}, "
    numbers = []
    for what in found[0]:
        value, limit = median(one[what] for one in found), at_most.get(what)
        unit = units.get(what, "CPU s")
        told = tell(number(words + what, value, unit, at_most=limit))
        numbers.append(told)
    return numbers


def _measure(workloads: int, sites: int, load: float) -> dict[str, float]:
    arrays = a_federation(workloads, sites, load)
    sorting, batch = _timed(lambda: batch_of(*arrays))
    placing, answer = _timed(lambda: place_batch(batch))
    proof, bound = _timed(lambda: prove(batch, answer))
    checking, least = _timed(lambda: check(batch, bound.prices, bound.scale))
    assert least == bound.least, "a proof that does not prove what it says"
    gap = proven(batch, answer, bound).gap
    return {
        "gap": 100.0 if gap is None else 100.0 * float(gap),
        "answer": sorting + placing,
        "proof": proof,
        "check of the proof": checking,
        "unplaced": float(answer.unplaced),
        "asked of all cpus": 100.0 * batch.takes[:, 0].sum() / batch.room[:, 0].sum(),
    }


def _timed(work: Callable[[], R]) -> tuple[float, R]:
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def a_federation(
    workloads: int, sites: int, load: float = LOAD
) -> tuple[Whole, Whole, Whole, Whole, Whole]:
    """What `batch_of` takes; the same for the same sizes."""
    chance = np.random.default_rng(SEED)
    places = chance.uniform(0, 3_000, (sites, 2))
    cities, city = chance.uniform(0, 3_000, (60, 2)), chance.integers(0, 60, workloads)
    away = cities[:, None, :] - places[None]
    rtt = 2 + 0.015 * np.hypot(away[..., 0], away[..., 1])
    country = (places // 600).astype(np.int64) @ np.array([5, 1])
    certificate = chance.integers(0, 4, sites)
    price, carbon = chance.uniform(0.5, 2, sites), chance.uniform(20, 700, sites)
    cpus = chance.choice([1, 2, 4, 8], workloads)
    memory = cpus * chance.choice([2, 4, 8], workloads)
    room = _room(chance.lognormal(0, 0.7, sites), cpus / load, memory / load)
    may = chance.random((workloads, 25))[:, country] < 0.5
    may &= certificate[None] >= chance.integers(0, 3, workloads)[:, None]
    may &= rtt[city] <= chance.choice([15, 25, 40, 80], workloads)[:, None]
    may[~may.any(axis=1)] = True
    by_cpu = 20 * price + 0.05 * carbon
    costs = np.rint(10 * rtt[city] + cpus[:, None] * by_cpu[None]).astype(np.int64)
    rows, columns = np.nonzero(may)
    takes = np.stack([cpus, memory, np.zeros_like(cpus)], axis=1)
    return takes, room, rows, columns, costs[rows, columns]


def _room(sizes: Amounts, cpus: Amounts, memory: Amounts) -> Whole:
    """So much of both, shared out by size, with a little more memory than it takes."""
    parts = np.maximum(sizes, 0.25)
    has_cpus = np.ceil(parts / parts.sum() * cpus.sum()) + 8
    has_memory = np.ceil(has_cpus * memory.sum() / cpus.sum() * 1.05) + 16
    return np.stack([has_cpus, has_memory, np.zeros_like(parts)], axis=1).astype(np.int64)


if __name__ == "__main__":
    sys.exit(main())
