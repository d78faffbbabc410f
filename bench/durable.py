"""Placements that are safe on the disk, by the whole engine; and how soon a plane has its hosts.

    python -m bench.durable [--quick | --ratios]

One store on SQLite with durable commits and one engine with all its passes, in this process; the
league is `bench/league.py`'s, written straight into the store.  Agents are heard and do nothing,
so what is measured ends at the hold that is committed.  `backlog`: ten thousand instances were
accepted while no engine ran.  `in time`: two hundred a second are accepted, each by a durable
write, and waited for.  `loading`: all hosts of a store into a plane that has just started.

Fails when a bound is not kept.  `--quick` has a small league and a short backlog.  `--ratios` tells
only what hardly depends on the machine: processor time against processor time of the same run.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.league import HOSTS_PER_SITE, SIZES, grounds_of, hosts_of, policies
from bench.report import Number, load_average, percentile, tell
from hanza.api.instances import write_wish
from hanza.engine.loop import BATCH_MAX, Engine
from hanza.kit.clock import SystemClock
from hanza.kit.ids import Ids, derived
from hanza.model.ids import InstanceId
from hanza.model.instance import Address
from hanza.model.manifest import GENESIS
from hanza.plan.admission import InstanceWish
from hanza.store import schema
from hanza.store.holds import Hold, get_hold, release_hold, take_hold
from hanza.store.inventory import Inventory
from hanza.store.migrate import migrate
from hanza.store.tx import Store, Tx

ROUNDS = 5
HOSTS, BACKLOG = 5_000, 10_000
LOADED = 100_000
PER_SECOND, FOR_S = 200, 10
ASKED = policies()
CLOCK = SystemClock()
PATIENCE_S = 300
SMALL, LARGE, BATCH = 400, 4_000, BATCH_MAX["place"]
TIMES_BARE_MAX = 8
"""A decision, its events, its schedule and three looks, against a released and taken hold."""
number = partial(Number, "placement")


def run(rounds: int, *, is_quick: bool = False) -> list[Number]:
    hosts, backlog, loaded = (500, 1_000, 2_000) if is_quick else (HOSTS, BACKLOG, LOADED)
    return [
        *tell_backlog(hosts, backlog, rounds),
        *tell_in_time(hosts, PER_SECOND * (2 if is_quick else FOR_S)),
        *tell_loading(loaded, rounds),
    ]


@contextmanager
def a_store(hosts: int) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="hanza-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'hanza.db'}"
        migrate(url)
        with closing(Store(url)) as store:
            store.write(put_league, hosts)
            yield store


@contextmanager
def an_engine(store: Store) -> Iterator[threading.Event]:
    """At work until the end; what is given wakes it, as a request does."""
    stop, wake = threading.Event(), threading.Event()
    engine = Engine(store, CLOCK, Ids(CLOCK))
    thread = threading.Thread(target=engine.run_until, args=(stop, wake))
    thread.start()
    try:
        yield wake
    finally:
        stop.set()
        wake.set()
        thread.join()


def put_league(tx: Tx, hosts: int) -> None:
    """As joining would leave it, in a few statements; everybody has just been heard."""
    now = CLOCK.now()
    rows: dict[Any, dict[str, dict[str, Any]]] = {
        table: {} for table in (schema.providers, schema.sites, schema.agents, schema.hosts)
    }
    for nth, ground in enumerate(grounds_of(-(-hosts // HOSTS_PER_SITE))):
        provider = derived("pr", ground.provider)
        prices = ground.prices
        assert prices is not None, "sites of this league have prices"
        rows[schema.providers][provider] = {
            "id": provider,
            "name": ground.provider,
            "title": ground.provider,
            "created_at": now,
            "price_cpu_hour": prices.cpu_hour,
            "price_gib_hour": prices.gib_hour,
            "price_disk_gib_hour": prices.disk_gib_hour,
            "attributes": {"certs": ["iso27001", "c5"][: 1 + nth // 4 % 2]},
        }
        rows[schema.sites][ground.site] = {
            "id": ground.site,
            "provider_id": provider,
            "name": ground.name,
            "country": ground.country,
            "city": ground.city,
            "latitude": ground.latitude,
            "longitude": ground.longitude,
            "created_at": now,
            "class": ground.site_class,
            "attributes": {},
        }
        for host in hosts_of(ground, nth):
            rows[schema.agents][host.agent] = {
                "id": host.agent,
                "site_id": ground.site,
                "public_key": host.agent.encode(),
                "driver": "fake",
                "joined_at": now,
                "epoch": 1,
                "manifest_hash": GENESIS,
                "heard_at": now,
            }
            rows[schema.hosts][host.host] = {
                "id": host.host,
                "agent_id": host.agent,
                "site_id": ground.site,
                "name": host.name,
                "cpus": host.capacity.cpus,
                "memory_mib": host.capacity.memory_mib,
                "disk_mib": host.capacity.disk_mib,
                "accelerator": "",
                "is_offered": True,
            }
    for table, some in rows.items():
        tx.execute(sa.insert(table), list(some.values()))


def _ask(tx: Tx, nth: int) -> None:
    """One instance of one of 64 policies and four sizes, admitted as by the API."""
    size = SIZES[nth % len(SIZES)]
    address = Address("acme", f"shop-{nth % 16}", f"i{nth:06}")
    wish = InstanceWish(
        *(address, None, "blank", size.cpus, size.memory_mib, size.disk_mib, "on"),
        policy=ASKED[nth * 7 % len(ASKED)],
    )
    write_wish(tx, wish, InstanceId(derived("in", str(nth))), CLOCK.now())


def _ask_many(store: Store, first: int, count: int) -> None:
    for future in [store.submit(_ask, nth) for nth in range(first, first + count)]:
        future.result()


def _held(tx: Tx) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(schema.holds)) or 0)


def hear_all(tx: Tx) -> None:
    tx.execute(sa.update(schema.agents).values(heard_at=CLOCK.now()))


def tell_backlog(hosts: int, backlog: int, rounds: int) -> Iterator[Number]:
    rates, shares = [], []
    for _ in range(rounds):
        with a_store(hosts) as store:
            _ask_many(store, 0, backlog)
            store.write(hear_all)
            began, cpu = time.perf_counter(), time.process_time()
            with an_engine(store):
                _await_held(store, backlog)
                rates.append(backlog / (time.perf_counter() - began))
            shares.append(backlog / (time.process_time() - cpu))
    what = f"placements made durable, {hosts:,} hosts, backlog of {backlog:,}"
    yield tell(number(what, statistics.median(rates), "1/s", at_least=1_000))
    yield tell(number(f"{what}, publishing and settling too", statistics.median(shares), "1/cpu s"))


def _await_held(store: Store, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    heard_at = time.monotonic()
    while store.read(_held) < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{store.read(_held)} of {wanted} have a place")
        if time.monotonic() > heard_at + 10:
            heard_at = time.monotonic()
            store.write(hear_all)
        time.sleep(0.1)


def tell_in_time(hosts: int, count: int) -> Iterator[Number]:
    """From the answer that it is accepted to when its hold is there for who reads the store."""
    with a_store(hosts) as store, an_engine(store) as wake:
        _ask_many(store, 10**6, 200)  # what is loaded and compiled once
        wake.set()
        _await_held(store, 200)
        accepted, began = {}, time.perf_counter()
        held: dict[str, float] = {}
        watcher = threading.Thread(target=_watch, args=(store, count, held))
        watcher.start()
        for nth in range(count):
            time.sleep(max(began + nth / PER_SECOND - time.perf_counter(), 0))
            store.write(_ask, nth)
            accepted[derived("in", str(nth))] = time.perf_counter()
            wake.set()
        watcher.join()
    took = [1_000 * max(held[one] - at, 0) for one, at in accepted.items()]
    what = f"accepted to hold committed at {PER_SECOND} a second, {hosts:,} hosts"
    yield tell(number(f"{what}, p50", percentile(took, 0.5), "ms"))
    yield tell(number(f"{what}, p99", percentile(took, 0.99), "ms", at_most=100))


def _watch(store: Store, count: int, held: dict[str, float]) -> None:
    """When each hold was first to be seen, looked for every few milliseconds."""
    query = sa.select(schema.holds.c.instance_id, sa.column("rowid")).where(
        sa.column("rowid") > sa.bindparam("after")
    )
    after, found = 0, 0
    deadline = time.monotonic() + PATIENCE_S
    wanted = {derived("in", str(nth)) for nth in range(count)}
    while found < count and time.monotonic() < deadline:
        rows = store.read(lambda tx, last: tx.execute(query, {"after": last}).all(), after)
        now = time.perf_counter()
        for row in rows:
            after = max(after, row.rowid)
            if row.instance_id in wanted:
                held[row.instance_id] = now
                found += 1
        time.sleep(0.003)


def tell_ratios() -> Iterator[Number]:
    """What a placement costs by the size of the league, and against a hold that nobody chose."""
    few, many = _cost_of_placing(SMALL)[0], _cost_of_placing(LARGE)
    what = f"a placement, {LARGE:,} hosts over {SMALL:,}"
    yield tell(number(what, many[0] / few, "times", at_most=1.2))
    what = f"a placement over a bare hold, {LARGE:,} hosts"
    yield tell(number(what, many[0] / many[1], "times", at_most=TIMES_BARE_MAX))


def _cost_of_placing(hosts: int) -> tuple[float, float]:
    """Processor seconds for each of a batch's placements, and for each of as many bare holds."""
    with a_store(hosts) as store:
        engine = Engine(store, CLOCK, Ids(CLOCK))
        costs = []
        for nth in range(ROUNDS + 1):  # the first is for what is loaded once
            _ask_many(store, nth * BATCH, BATCH)
            costs.append(_timed(lambda: engine.run_round(("place",))))
        assert store.read(_held) == len(costs) * BATCH, "all of them have a place"
        bare = [_timed(partial(_hold_bare, store, nth)) for nth in range(ROUNDS + 1)]
    return min(costs[1:]) / BATCH, min(bare[1:]) / BATCH


def _timed(step: Callable[[], object]) -> float:
    before = time.process_time()
    step()
    return time.process_time() - before


def _hold_bare(store: Store, nth: int) -> None:
    """Room that is taken anew for those that have some: neither looked for nor told to anybody."""
    held = store.read(_some_held, nth * BATCH)
    for future in [store.submit(_take_again, one) for one in held]:
        future.result()


def _some_held(tx: Tx, first: int) -> list[Hold]:
    ids = [InstanceId(derived("in", str(nth))) for nth in range(first, first + BATCH)]
    return [hold for one in ids if (hold := get_hold(tx, one)) is not None]


def _take_again(tx: Tx, hold: Hold) -> None:
    release_hold(tx, hold.mark)
    assert take_hold(tx, hold.mark.owner, hold.host, hold.size, CLOCK.now()), "it was just free"


def tell_loading(hosts: int, rounds: int) -> Iterator[Number]:
    values, cpu = [], []
    with a_store(hosts) as store:
        for _ in range(rounds):
            began, before = time.perf_counter(), time.process_time()
            with Inventory(store).fleet(CLOCK.now()) as fleet:
                assert len(fleet) == hosts, "every host is loaded"
            values.append(time.perf_counter() - began)
            cpu.append(time.process_time() - before)
    what = f"loading {hosts:,} hosts from the store"
    yield tell(number(what, statistics.median(values), "s", at_most=5))
    yield tell(number(f"{what}, processor time", statistics.median(cpu), "cpu s"))


def main() -> int:
    if "--ratios" in sys.argv:
        return 0 if all([one.is_kept for one in tell_ratios()]) else 1
    is_quick = "--quick" in sys.argv
    told = run(1 if is_quick else ROUNDS, is_quick=is_quick)
    tell(number("load average", load_average(), "processes"))
    return 0 if all(one.is_kept for one in told) else 1


if __name__ == "__main__":
    sys.exit(main())
