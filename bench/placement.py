"""Placement: decisions per second of processor time, and what a host costs.  JSON lines.

    python -m bench.placement [--quick]

Every decision is exact, keeps hard spreads over sites and providers, and takes its room.  Numbers
are medians of rounds, by CPU time of this process: what else the machine does moves them less.
Fails when a bound is not kept.  `--quick` has one round and no curve.
"""

import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle, repeat

from bench import asked, batch, durable, openstack, quotes
from bench.league import HEARD_WITHIN, NOW, Replica, fleet_of, grounds_of, hosts_of, replicas
from bench.report import Number, load_average, tell
from hanza.model.capacity import Capacity
from hanza.plan.placement.candidate import Candidate, Neighbour
from hanza.plan.placement.choose import choose
from hanza.plan.placement.fleet import Fleet, Host, Standing
from hanza.plan.placement.score import Option

ROUNDS = 5
CURVE = (1_000, 10_000, 100_000, 1_000_000)
DECISIONS = 20_000
CHANGES_PER_SECOND = 100
number = partial(Number, "placement")


class Run:
    """Replicas placed one by one; room that is taken is given back when the run starts anew."""

    def __init__(self, fleet: Fleet, asked: list[Replica]) -> None:
        self.fleet = fleet
        self.asked = cycle(asked)
        self.placed = self.refused = 0
        self._standing: list[Standing] = []
        self._held: list[tuple[Replica, Standing]] = []

    def decide(self, count: int, between: Callable[[], None] = lambda: None) -> float:
        """So many decisions; their rate per second of processor time, `between` included."""
        fleet, asked = self.fleet, self.asked
        began = time.process_time()
        for _ in range(count):
            one = next(asked)
            if one.nth == 0:
                self._standing = []
            host = fleet.choose(one.demand, self._standing, NOW)
            if host is None:
                self.refused += 1
            else:
                self.placed += 1
                fleet.take(host, one.demand.room)
                self._standing.append(Standing("web", host))
                self._held.append((one, self._standing[-1]))
            between()
        return count / (time.process_time() - began)

    def give_back(self) -> None:
        for one, at in self._held:
            self.fleet.give(at.host, one.demand.room)
        self._held, self._standing = [], []


def main() -> int:
    is_quick = "--quick" in sys.argv
    rounds = 1 if is_quick else ROUNDS
    tell(number("load average", load_average(), "processes"))
    told = [tell_reference(10_000)]
    told += [
        *tell_rate(10_000, rounds, at_least=50_000),
        *tell_rate(100_000, rounds, at_least=20_000),
        *tell_memory(100_000),
        tell_loading(100_000, rounds),
        tell_churn(10_000, rounds),
        tell_group(10_000, rounds),
        tell_explaining(5_000),
        *quotes.run(5_000, 100 if is_quick else 300),
        *asked.run(asked.HOSTS, 100 if is_quick else asked.ASKED),
        *batch.run(rounds),
        *openstack.run(100 if is_quick else 1_000),
        *durable.run(min(rounds, durable.ROUNDS), is_quick=is_quick),
    ]
    if not is_quick:
        for hosts in CURVE:
            told += tell_curve(hosts)
    return 0 if all(one.is_kept for one in told) else 1


def tell_reference(hosts: int) -> Number:
    """The plain way, on candidates: what columns are held to, decision by decision."""
    run, plain = Run(fleet_of(hosts), replicas(400)), 0.0
    candidates = {one.host: one for one in run.fleet.candidates(NOW)}
    asked = replicas(40)
    standing: list[Candidate] = []
    began = time.process_time()
    for one in asked:
        standing = standing if one.nth else []
        beside = [Neighbour("web", at) for at in standing]
        found = choose(one.demand, list(candidates.values()), beside)
        if isinstance(found, Option):
            at = found.candidate
            standing.append(at)
            candidates[at.host] = replace(at, free=at.free - one.demand.room)
    plain = len(asked) / (time.process_time() - began)
    return tell(number(f"plain reference, {hosts:,} hosts", plain, "decisions/cpu s"))


def tell_rate(hosts: int, rounds: int, *, at_least: float | None = None) -> Iterator[Number]:
    run = Run(fleet_of(hosts), replicas(DECISIONS))
    run.decide(DECISIONS // 2)
    values = []
    for _ in range(rounds):
        run.give_back()
        values.append(run.decide(DECISIONS))
    what = f"exact decisions with anti-affinity over sites and providers, {hosts:,} hosts"
    yield tell(number(what, statistics.median(values), "decisions/cpu s", at_least=at_least))
    share = 100 * run.placed / (run.placed + run.refused)
    yield tell(number(f"of these placed, {hosts:,} hosts", share, "%"))


def tell_memory(hosts: int) -> Iterator[Number]:
    """Everything that the fleet keeps: ids, names, columns, grounds; then what is asked of it."""
    gc.collect()
    tracemalloc.start()
    fleet = fleet_of(hosts)
    gc.collect()
    per_host = tracemalloc.get_traced_memory()[0] / hosts
    yield tell(number(f"memory per host, {hosts:,} hosts", per_host, "B", at_most=400))
    for one in replicas(2_000):
        fleet.choose(one.demand, (), NOW)
    gc.collect()
    asked = tracemalloc.get_traced_memory()[0] / hosts
    tracemalloc.stop()
    what = f"memory per host with 64 policies x 4 sizes asked, {hosts:,} hosts"
    yield tell(number(what, asked, "B"))


def tell_loading(hosts: int, rounds: int) -> Number:
    values = []
    sites = list(grounds_of(hosts // 20))
    known = [(ground, list(hosts_of(ground, nth))) for nth, ground in enumerate(sites)]
    for _ in range(min(rounds, 3)):
        fleet = Fleet(HEARD_WITHIN)
        began = time.process_time()
        for ground, at in known:
            fleet.put_ground(ground)
            for host in at:
                fleet.put(host)
        values.append(time.process_time() - began)
    what = f"loading {hosts:,} hosts into columns"
    return tell(number(what, statistics.median(values), "cpu s", at_most=5))


def tell_churn(hosts: int, rounds: int) -> Number:
    """A hundred hosts change and every agent is heard in each second of deciding.

    Short stretches with and without changes take turns, since the machine is not always as fast;
    what is there already is left alone by the collector, as in a plane (`boot.plane`).
    """
    run = Run(fleet_of(hosts), replicas(DECISIONS))
    churn = Churn(run.fleet, hosts)
    run.decide(DECISIONS // 2)
    run.give_back()
    gc.collect()
    gc.freeze()
    slower = []
    for _ in range(5 * max(rounds, 3)):
        before = run.decide(DECISIONS // 5)
        run.give_back()
        busy = run.decide(DECISIONS // 5, churn.begin())
        run.give_back()
        quiet = (before + run.decide(DECISIONS // 5)) / 2
        run.give_back()
        slower.append(100 * (1 - busy / quiet))
    gc.unfreeze()
    what = f"slower by {CHANGES_PER_SECOND} changed hosts a second, {hosts:,} hosts"
    return tell(number(what, statistics.median(slower), "%", at_most=10))


class Churn:
    """What happens between two decisions: nothing mostly.  What is held at a host stays held."""

    def __init__(self, fleet: Fleet, hosts: int) -> None:
        known = list(fleet.candidates(NOW))
        self._fleet, self._count = fleet, 0
        self._changed = cycle([one.host for one in known[:: max(1, hosts // 997)]])
        self._agents = {one.agent for one in known}

    def begin(self) -> Callable[[], None]:
        """From now on by the processor's time."""
        return partial(next, self._run())

    def _run(self) -> Iterator[None]:
        following = time.process_time()
        while True:
            while time.process_time() > following:
                following += 1 / CHANGES_PER_SECOND
                self._change()
            # The clock is asked seldom, because asking it costs as much as the change.
            yield from repeat(None, 8)

    def _change(self) -> None:
        self._count += 1
        one = self._fleet.candidate(next(self._changed), NOW)
        more = Capacity(1 - 2 * (self._count // 997 % 2), 0, 0)
        self._fleet.put(_host(replace(one, capacity=one.capacity + more, free=one.free + more)))
        if self._count % CHANGES_PER_SECOND == 0:
            self._fleet.hear(self._agents, NOW)


def _host(one: Candidate) -> Host:
    return Host(one.host, one.name, one.agent, one.ground.site, one.capacity, one.free, True, NOW)


def _changed(fleet: Fleet, hosts: int) -> list[Host]:
    """Hosts as they are now, and a little less of them."""
    step = max(1, hosts // 997)
    found = []
    for nth, one in enumerate(fleet.candidates(NOW)):
        if nth % step == 0:
            less = replace(one.capacity, cpus=one.capacity.cpus - nth % 2)
            found.append(_host(replace(one, capacity=less)))
    return found


def tell_group(hosts: int, rounds: int) -> Number:
    """An app of a thousand members, all or nothing."""
    fleet = fleet_of(hosts)
    demand = replicas(1)[0].demand
    values = []
    for _ in range(rounds + 1):
        began = time.process_time()
        fleet.place_group([demand] * 1_000, (), NOW)
        values.append(1_000 * (time.process_time() - began))
    what = f"a group of 1,000 members, {hosts:,} hosts"
    return tell(number(what, statistics.median(values[1:]), "cpu ms", at_most=100))


def tell_explaining(hosts: int) -> Number:
    """Each of many demands explained, next to replicas that stand."""
    fleet = fleet_of(hosts)
    standing = [Standing("web", one.host) for one in list(fleet.candidates(NOW))[:: hosts // 3]]
    values = []
    for one in replicas(200):
        began = time.process_time()
        fleet.explain(one.demand, standing, NOW)
        values.append(1_000 * (time.process_time() - began))
    what = f"an explanation, {hosts:,} hosts at {hosts // 20} sites"
    return tell(number(what, statistics.median(values), "cpu ms", at_most=10))


def tell_curve(hosts: int) -> Iterator[Number]:
    """What grows with the world, and what does not."""
    fleet = fleet_of(hosts)
    run = Run(fleet, replicas(4_000))
    run.decide(4_000)
    rate = run.decide(4_000)
    yield tell(number(f"curve: decisions, {hosts:,} hosts", rate, "decisions/cpu s"))
    changed = _changed(fleet, hosts)
    began = time.process_time()
    for host in changed:
        fleet.put(host)
    cost = 1e6 * (time.process_time() - began) / len(changed)
    yield tell(number(f"curve: one changed host, {hosts:,} hosts", cost, "cpu us"))


if __name__ == "__main__":
    sys.exit(main())
