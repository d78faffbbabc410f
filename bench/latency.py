"""From the API's answer to the order at the driver, with a plane and six agents as processes.

    python -m bench.latency [--alone N] [--row N] [--bursts N] [--burst-of N]

One plane on SQLite over TLS, six sites of six countries on the fake driver, one tenant with a
token of its own.  Instances are asked for alone (the next when the last was started), in a row
(the next when the last was accepted), and in bursts.  A sample ends when the driver is ordered to
make the guest, as the fake notes it before it does anything; it is followed on to the order to
start it.  The first instance of each site is not counted: its image is fetched then.  All
processes read one clock.  Memory is that at rest, with every site linked: before anything was
asked for, and after all of it has settled.

Exit code 1 when a number is above its bound.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from bench.report import Number, cpu_seconds, load_average, memory_mib, percentile, tell
from hanza.cli.client import Client, Context, read_context
from hanza.drivers.contract.patience import until
from hanza.drivers.fake.orders import orders_in
from hanza.kit.clock import SystemClock
from kit.processes import LocalLeague, a_local_league

SITES = {"zagreb": "HR", "frankfurt": "DE", "amsterdam": "NL", "warsaw": "PL"} | {
    "ljubljana": "SI",
    "madrid": "ES",
}
TENANT = "acme"
P50_MS_MAX = 250.0
PLANE_MIB_MAX, AGENT_MIB_MAX = 250.0, 100.0
PATIENCE_S = 60
SIZE = {"image": "tiny", "cpus": 1, "memoryMiB": 96, "diskMiB": 64}
number = partial(Number, "latency")


@dataclass(frozen=True, slots=True)
class Asked:
    """One accepted request: the instance, when it was sent, when the answer was there."""

    instance: str
    sent: datetime
    accepted: datetime


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.latency")
    parser.add_argument("--alone", type=int, default=40, help="how many, each once the last is up")
    parser.add_argument("--row", type=int, default=60, help="how many, each once accepted")
    parser.add_argument("--bursts", type=int, default=5, help="how many bursts")
    parser.add_argument("--burst-of", type=int, default=30, help="requests at once in a burst")
    parser.add_argument("--sites", type=int, default=len(SITES), help="how many of the six")
    chosen = parser.parse_args()
    for name in [*SITES][chosen.sites :]:
        del SITES[name]
    with tempfile.TemporaryDirectory(prefix="hanza-bench-") as folder, _league(folder) as league:
        client = _tenants_client(league)
        numbers = [*_memory(league, "at rest")]
        _ordered(league, [_ask(client, f"first-{nth}", nth) for nth in range(len(SITES))], "create")
        alone = []
        for nth in range(chosen.alone):
            alone.append(_ask(client, f"alone-{nth}", nth))
            _ordered(league, alone[-1:], "set_power.on")
        numbers += _latencies(league, "alone", alone)
        row = [_ask(client, f"row-{nth}", nth) for nth in range(chosen.row)]
        numbers += _latencies(league, "in a row", row)
        crowd: list[Asked] = []
        spent = cpu_seconds(league.plane.pid)
        for burst in range(chosen.bursts):
            crowd += _burst(client, f"burst-{burst}", chosen.burst_of)
            _ordered(league, crowd, "create")
        numbers += _latencies(league, f"burst of {chosen.burst_of}", crowd)
        spent = (cpu_seconds(league.plane.pid) - spent) / len(crowd)
        tell(number("bursts: processor time of the plane per instance", spent * 1000, "ms"))
        numbers += _memory(league, f"at rest with {len(alone) + len(row) + len(crowd)} instances")
        tell(number("load average of the last minute", load_average(), ""))
    return 0 if all(one.is_kept for one in numbers) else 1


@contextmanager
def _league(folder: str) -> Iterator[LocalLeague]:
    with a_local_league(Path(folder)) as league:
        for name, country in SITES.items():
            book = str(Path(folder) / f"{name}.orders")
            league.add_site(name, country, orders=book, state="", hosts="4")
        league.add_image("tiny")
        league.ask("tenant", "add", TENANT)
        until(lambda: _offered(league) == 4 * len(SITES), "every host is offered", PATIENCE_S)
        yield league


def _offered(league: LocalLeague) -> int:
    return sum(one["offered"] for one in league.ask("host", "list"))


def _tenants_client(league: LocalLeague) -> Client:
    token = league.ask("token", "bench", "--tenant", TENANT)["token"]
    context = read_context(league.state / "context.json")
    return Client(Context(context.url, token, context.ca))


def _ask(client: Client, name: str, nth: int) -> Asked:
    clock = SystemClock()
    countries = list(SITES.values())
    spec = {"country": countries[nth % len(countries)], **SIZE}
    sent = clock.now()
    path = f"/tenants/{TENANT}/workspaces/bench/instances/{name}"
    is_new, document = client.put(path, {"spec": spec})
    accepted = clock.now()
    assert is_new, f"{name} was there already"
    return Asked(document["metadata"]["id"], sent, accepted)


def _burst(client: Client, name: str, size: int) -> list[Asked]:
    with ThreadPoolExecutor(size) as threads:
        asks = [threads.submit(_ask, client, f"{name}-{n}", n) for n in range(size)]
        return [one.result() for one in asks]


def _ordered(league: LocalLeague, asked: Sequence[Asked], call: str) -> dict[str, datetime]:
    """When the order for each was first given; waits for all of them."""
    found: dict[str, datetime] = {}

    def is_all() -> bool:
        for name in SITES:
            for order in orders_in(league.folder / f"{name}.orders"):
                if order.call == call and order.owner is not None:
                    found.setdefault(order.owner, order.at)
        return all(one.instance in found for one in asked)

    until(is_all, f"{call} of {len(asked)} instances", PATIENCE_S)
    return found


def _latencies(league: LocalLeague, how: str, asked: Sequence[Asked]) -> list[Number]:
    made = _ordered(league, asked, "create")
    started = _ordered(league, asked, "set_power.on")
    samples = {
        "sent to accepted": [(one.accepted - one.sent) for one in asked],
        "accepted to ordered": [(made[one.instance] - one.accepted) for one in asked],
        "sent to ordered": [(made[one.instance] - one.sent) for one in asked],
        "accepted to start ordered": [(started[one.instance] - one.accepted) for one in asked],
    }
    numbers = [tell(number(f"{how}: instances", len(asked), ""))]
    for what, spans in samples.items():
        milliseconds = [span.total_seconds() * 1000 for span in spans]
        bound = P50_MS_MAX if what.endswith("to ordered") else None
        numbers += [
            tell(number(f"{how}: {what}, p50", percentile(milliseconds, 0.50), "ms", bound)),
            tell(number(f"{how}: {what}, p99", percentile(milliseconds, 0.99), "ms")),
        ]
    return numbers


def _memory(league: LocalLeague, when: str) -> list[Number]:
    """The plane's, and that of the largest agent."""
    plane = memory_mib(league.plane.pid)
    agents = [memory_mib(agent.pid) for agent in league.agents.values()]
    largest = {kind: max(one[kind] for one in agents) for kind in ("rss", "pss")}
    return [
        tell(number(f"{when}: {kind} of {whose}", found[kind], "MiB", bound))
        for whose, found, bound in (
            ("the plane", plane, PLANE_MIB_MAX),
            ("the largest agent", largest, AGENT_MIB_MAX),
        )
        for kind in ("rss", "pss")
    ]


if __name__ == "__main__":
    sys.exit(main())
