"""What one plane's API does per second of processor time, and how long who asks it waits.

    python -m bench.api [--stores sqlite,postgresql] [--gets N] [--puts N] [--rounds N]

One plane process on plain HTTP over loopback; this process is its clients, whose time is not
counted.  Every request bears a tenant's token, is decided by roles, and is one of the standard's
API.  Processor time is that of the whole plane's process from the kernel, so what its engine does
beside the requests counts; with PostgreSQL the database's own processes do not.  The site has no
host, so that instances wait: placing them is `make bench-latency`'s.

`limit` is what uvicorn does with an application that does nothing (`bench/bare.py`), measured in
turn with the plane's GETs.  The medians of the rounds count.  Exit code 1 when a number is beyond
its bound.
"""

import argparse
import contextlib
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle, repeat
from pathlib import Path
from typing import Any

from bench.load import Server, run_load
from bench.report import Number, cpu_seconds, load_average, percentile, tell
from hanza.drivers.contract.patience import until
from kit.postgres import throw_away_postgres
from kit.processes import LocalLeague, Process, a_local_league, free_port

TENANT, WORKSPACE, REGION, SITE = "acme", "bench", "de", "frankfurt"
LISTED = 1000
CLIENTS, GET_CLIENTS = 64, 16
GETS_MIN = 3000
PUTS_MIN = {"sqlite": 1000, "postgresql": 500}
LIST_MS_MAX, P99_MS_MAX = 8.0, 15.0
TIMES_MAX = 12.0
"""How much dearer than nothing at all an authorised GET may be; the same on any machine."""
BARE_TIMES = 5
"""What is cheap is asked for oftener, since the kernel counts in hundredths of a second."""
WITHOUT_LIMIT = "1000000/1000000"
PATIENCE_S, QUIET_S, QUIET_CPU_S = 120, 0.5, 0.03
number = partial(Number, "api")


@dataclass(frozen=True, slots=True)
class Bench:
    """One plane with what is asked of it."""

    league: LocalLeague
    server: Server
    store: str

    @property
    def pid(self) -> int:
        return self.league.plane.pid

    def base(self, provider: str) -> str:
        return f"/r/{REGION}/providers/seca.{provider}/v1/tenants/{TENANT}"

    @property
    def instances(self) -> str:
        return f"{self.base('compute')}/workspaces/{WORKSPACE}/instances"

    def put(self, path: str, spec: dict[str, Any]) -> bytes:
        return self.server.request("PUT", path, json.dumps({"spec": spec}).encode())

    def new_instance(self, name: str) -> bytes:
        boot = {"deviceRef": {"resource": "block-storages/boot"}}
        spec = {"skuRef": {"resource": "skus/hanza.xs"}, "zone": "any", "bootVolume": boot}
        return self.put(f"{self.instances}/{name}", spec)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is asked in a run."""

    gets: int
    puts: int
    lists: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Reads:
    """One round of reading: per CPU second, per second, and milliseconds."""

    limit: float
    gets: float
    wall: float
    p99_ms: float
    list_ms: float


@dataclass(frozen=True, slots=True)
class Writes:
    """One round of writing: PUTs per CPU second, per second, and per CPU second until all is
    quiet again."""

    puts: float
    wall: float
    settled: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.api")
    parser.add_argument("--stores", default="sqlite,postgresql", help="which databases, by commas")
    parser.add_argument("--gets", type=int, default=10_000, help="GETs in a round")
    parser.add_argument("--puts", type=int, default=2_000, help="PUTs in a round")
    parser.add_argument("--lists", type=int, default=200, help="lists of 1,000 in a round")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    chosen = parser.parse_args()
    sizes = Sizes(chosen.gets, chosen.puts, chosen.lists, chosen.rounds)
    numbers = []
    for store in chosen.stores.split(","):
        with _bench(store) as bench, _bare() as bare:
            numbers += _run(bench, bare, sizes)
    tell(number("load average of the last minute", load_average(), ""))
    return 0 if all(one.is_kept for one in numbers) else 1


@contextlib.contextmanager
def _bench(store: str) -> Iterator[Bench]:
    flags = ["--insecure-http", "--requests-rate", WITHOUT_LIMIT]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hanza-bench-")))
        if store == "postgresql":
            url = stack.enter_context(throw_away_postgres(is_durable=True))
            flags += ["--database", url]
        league = stack.enter_context(a_local_league(folder, flags=flags))
        league.add_image("tiny")
        league.ask("provider", "add", SITE, "--title", SITE)
        place = ("--city", SITE, "--latitude", "50", "--longitude", "8")
        league.ask("site", "add", SITE, "--provider", SITE, "--country", REGION.upper(), *place)
        league.ask("tenant", "add", TENANT)
        token = league.ask("token", "bench", "--tenant", TENANT)["token"]
        bench = Bench(league, Server("127.0.0.1", league.port, token), store)
        _furnish(bench)
        yield bench


def _furnish(bench: Bench) -> None:
    """A workspace with a disk, and as many instances as are listed."""
    storage = {
        "sizeGB": 1,
        "skuRef": {"resource": "skus/hanza.local"},
        "sourceImageRef": {"resource": "tenants/public/images/tiny"},
    }
    inside = f"/workspaces/{WORKSPACE}"
    for path, spec in (
        (bench.base("workspace") + inside, {}),
        (f"{bench.base('storage')}{inside}/block-storages/boot", storage),
    ):
        run_load(bench.server, iter([bench.put(path, spec)]), 1, 1, status=201)
    names = (bench.new_instance(f"listed-{nth:04}") for nth in count())
    run_load(bench.server, names, LISTED, 16, status=201)


@contextlib.contextmanager
def _bare() -> Iterator[tuple[Server, int]]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.bare", str(port)]
        process = Process(command, Path(folder) / "log")
        try:
            until(lambda: _answers(port), "the bare server listens", PATIENCE_S)
            yield Server("127.0.0.1", port), process.pid
        finally:
            process.kill()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def _run(bench: Bench, bare: tuple[Server, int], sizes: Sizes) -> list[Number]:
    reads = [_reads(bench, bare, sizes) for _ in range(sizes.rounds)]
    writes = [_writes(bench, sizes, nth) for nth in range(sizes.rounds)]
    puts_min = PUTS_MIN[bench.store]
    say = partial(_say, bench.store)
    say("limit: GET of a bare application per CPU second", [one.limit for one in reads], "1/s")
    found = [
        say("GET per CPU second", [one.gets for one in reads], "1/s", at_least=GETS_MIN),
        say("list of 1,000, p50", [one.list_ms for one in reads], "ms", at_most=LIST_MS_MAX),
        say("GET at half load, p99", [one.p99_ms for one in reads], "ms", at_most=P99_MS_MAX),
        say("PUT per CPU second", [one.puts for one in writes], "1/s", at_least=puts_min),
    ]
    if bench.store == "sqlite":
        ratios = [one.limit / one.gets for one in reads]
        found.append(say("limit over GET", ratios, "times", at_most=TIMES_MAX))
    say("GETs per second of time", [one.wall for one in reads], "1/s")
    say("PUTs per second of time", [one.wall for one in writes], "1/s")
    settled = [one.settled for one in writes]
    say("PUT and all that the engine does after it, per CPU second", settled, "1/s")
    return found


def _reads(bench: Bench, bare: tuple[Server, int], sizes: Sizes) -> Reads:
    _await_quiet(bench.pid)
    easy = BARE_TIMES * sizes.gets
    nothing = repeat(bare[0].request("GET", "/"))
    limit, _ = _measured(bare[1], easy, lambda: run_load(bare[0], nothing, easy, GET_CLIENTS))
    some = _gets_of(bench)
    gets, wall = _measured(
        bench.pid, sizes.gets, lambda: run_load(bench.server, some, sizes.gets, GET_CLIENTS)
    )
    half = run_load(bench.server, some, sizes.gets // 2, GET_CLIENTS, per_second=wall / 2)
    every = repeat(bench.server.request("GET", f"{bench.instances}?limit={LISTED}"))
    lists = run_load(bench.server, every, sizes.lists, 1)
    return Reads(limit, gets, wall, percentile(half, 0.99) * 1000, percentile(lists, 0.5) * 1000)


def _writes(bench: Bench, sizes: Sizes, nth: int) -> Writes:
    _await_quiet(bench.pid)
    names = (bench.new_instance(f"round{nth}-{one:06}") for one in count())
    before = cpu_seconds(bench.pid)
    puts, wall = _measured(
        bench.pid,
        sizes.puts,
        lambda: run_load(bench.server, names, sizes.puts, CLIENTS, status=201),
    )
    _await_quiet(bench.pid)
    return Writes(puts, wall, sizes.puts / (cpu_seconds(bench.pid) - before))


def _gets_of(bench: Bench) -> Iterator[bytes]:
    paths = (f"{bench.instances}/listed-{nth:04}" for nth in range(LISTED))
    return cycle([bench.server.request("GET", path) for path in paths])


def _measured(pid: int, asked: int, ask: Callable[[], object]) -> tuple[float, float]:
    """How many of what was asked there were per second of processor time, and of time."""
    spent, began = cpu_seconds(pid), time.perf_counter()
    ask()
    wall = time.perf_counter() - began
    return asked / (cpu_seconds(pid) - spent), asked / wall


def _say(store: str, metric: str, values: list[float], unit: str, **bound: float) -> Number:
    """The median of the rounds."""
    return tell(number(f"{store}: {metric}", statistics.median(values), unit, **bound))


def _await_quiet(pid: int) -> None:
    """Until the plane has next to nothing to do."""

    def is_quiet() -> bool:
        before = cpu_seconds(pid)
        time.sleep(QUIET_S)
        return cpu_seconds(pid) - before <= QUIET_CPU_S

    until(is_quiet, "the plane is quiet", PATIENCE_S)


if __name__ == "__main__":
    sys.exit(main())
