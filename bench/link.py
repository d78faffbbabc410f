"""The agents' link under load: real processes, real TLS WebSockets, a JSON line for each number.

    python -m bench.link [--parts idle crowd many] [--idle-minutes M] [--agents N] [--many N]
                         [--seconds S] [--changes N]

*idle* (as root) puts one real agent into a network namespace of its own and counts what its wire
carries, both ways and with every header, for as long as it is told; scaled to a day.  *crowd* is
one plane on SQLite with N agents of `bench.crowd`: what it costs at rest, how long a change takes
to reach its agent, and how soon all are back after the plane was restarted and after it was
killed, while a tenant goes on asking.  *many* is the cost at rest of more of them.  All processes
read one clock.

Exit code 1 when a number is above its bound.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.link_idle import bytes_of_an_idle_site
from bench.link_league import TENANT, CrowdedLeague, a_crowded_league
from bench.link_tenant import Asking
from bench.report import Number, cpu_seconds, load_average, memory_mib, percentile, tell
from hanza.cli.client import Client, Context, read_context
from hanza.kit.clock import SystemClock

DAY_S = 86400
IDLE_MB_MAX = 5.0
CHANGE_S_MAX, BACK_S_MAX, AWAY_S_MAX = 1.0, 15.0, 5.0
BOUNDS = {1_000: (0.25, 300.0), 10_000: (1.0, 2048.0)}
"""By connections: cores and MiB."""
SETTLE_S = 15.0
"""After the crowd has come: until what its coming has caused is done."""
FRONT_MIB_MAX = 25.0
CHANGES_PER_S, WARM = 10, 5
SIZE = {"country": "HR", "image": "tiny", "cpus": 1, "memoryMiB": 96, "diskMiB": 64}
number = partial(Number, "link")
clock = SystemClock()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.link")
    parser.add_argument("--parts", nargs="+", default=["idle", "crowd", "many"])
    parser.add_argument("--idle-minutes", type=float, default=60.0)
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long rest is measured")
    parser.add_argument("--changes", type=int, default=200)
    chosen = parser.parse_args()
    numbers: list[Number] = []
    if "crowd" in chosen.parts:
        numbers += _crowd(chosen.agents, chosen.seconds, chosen.changes)
    if "many" in chosen.parts:
        with _league(chosen.many) as league:
            numbers += _rest(league, chosen.seconds)
    if "idle" in chosen.parts:
        numbers += _idle(chosen.idle_minutes)
    tell(number("load average of the last minute", load_average(), ""))
    return 0 if all(one.is_kept for one in numbers) else 1


def _idle(minutes: float) -> list[Number]:
    seconds, frames, carried = bytes_of_an_idle_site(minutes * 60)
    a_day = carried / seconds * DAY_S / 1e6
    return [
        tell(number("idle site: measured for", seconds, "s")),
        tell(number("idle site: frames on the wire", frames, "")),
        tell(number("idle site: on the wire in a day", a_day, "MB", IDLE_MB_MAX)),
    ]


def _crowd(agents: int, seconds: float, changes: int) -> list[Number]:
    with _league(agents) as league:
        numbers = _rest(league, seconds)
        numbers += _changes(league, changes)
        numbers.append(_front(league))
        numbers += _again(league, "a restart", _restart)
        return numbers + _again(league, "a kill -9 of the plane", _kill)


@contextmanager
def _league(size: int) -> Iterator[CrowdedLeague]:
    with (
        tempfile.TemporaryDirectory(prefix="hanza-bench-") as folder,
        a_crowded_league(Path(folder), size) as league,
    ):
        yield league


def _rest(league: CrowdedLeague, seconds: float) -> list[Number]:
    agents, plane = league.size, league.plane_pid
    cores, mib = BOUNDS.get(agents, (None, None))
    time.sleep(SETTLE_S)
    spent, began = cpu_seconds(plane), time.monotonic()
    time.sleep(seconds)
    spent = (cpu_seconds(plane) - spent) / (time.monotonic() - began)
    connected = league.crowd.welcome
    what = f"{agents} connections at rest"
    return [
        tell(number(f"{what}: still connected", connected, "", at_least=agents)),
        tell(number(f"{what}: processor of the plane", spent, "cores", cores)),
        tell(number(f"{what}: rss of the plane", memory_mib(plane)["rss"], "MiB", mib)),
        tell(number(f"{what}: first come within", league.came_within_s, "s")),
    ]


def _changes(league: CrowdedLeague, count: int) -> list[Number]:
    """From the API's answer to the manifest at the agent, at a steady pace."""
    client, accepted = Client(tenants_context(league)), {}
    path = f"/tenants/{TENANT}/workspaces/bench/instances"
    for nth in range(WARM):  # the first choice of a plane's life compiles what chooses
        client.put(f"{path}/warm-{nth}", {"spec": SIZE})
    league.crowd.wait_for(lambda: len(league.crowd.entries) >= WARM, 120)
    began = time.monotonic()
    for nth in range(count):
        time.sleep(max(began + nth / CHANGES_PER_S - time.monotonic(), 0))
        name = f"change-{nth}"
        client.put(f"{path}/{name}", {"spec": SIZE})
        accepted[name] = clock.now().timestamp()
    league.crowd.wait_for(lambda: league.crowd.entries.keys() >= accepted.keys(), 60)
    spans = [league.crowd.entries[name] - at for name, at in accepted.items()]
    what = f"a change with {league.size} connected"
    return [
        tell(number(f"{what}: reaches its agent, p50", percentile(spans, 0.5), "s")),
        tell(number(f"{what}: reaches its agent, p99", percentile(spans, 0.99), "s", CHANGE_S_MAX)),
    ]


def _front(league: CrowdedLeague) -> Number:
    return tell(number("the front: rss", memory_mib(league.plane.pid)["rss"], "MiB", FRONT_MIB_MAX))


def _restart(league: CrowdedLeague) -> None:
    """As it is asked for: a new process on the same sockets."""
    done = league.run("plane", "restart", "--state", str(league.state))
    assert done.returncode == 0, done.stderr


def _kill(league: CrowdedLeague) -> None:
    os.kill(league.plane_pid, signal.SIGKILL)


def _again(league: CrowdedLeague, what: str, act: Callable[[CrowdedLeague], None]) -> list[Number]:
    """How long agents and tenants are without a plane, and what they are told meanwhile."""
    context = tenants_context(league)
    with Asking(context, f"/tenants/{TENANT}/workspaces/bench/instances/change-0") as asking:
        began = clock.now().timestamp()
        act(league)
        back_at = league.crowd.when_welcome_again(league.size, began)
        time.sleep(1)
    back, log = back_at - began, asking.told()
    what = f"{what} with {league.size} connected"
    others = sum(one.status not in (200, 503, None) for one in log)
    bare = sum(one.status == 503 and not one.says_when for one in log)
    return [
        tell(number(f"{what}: all agents are back within", back, "s", BACK_S_MAX)),
        tell(number(f"{what}: tenants wait for", asking.away_s(), "s", AWAY_S_MAX)),
        tell(number(f"{what}: answers but 200 and 503", others, "", 0)),
        tell(number(f"{what}: 503 without Retry-After", bare, "", 0)),
        tell(number(f"{what}: 503 answers", sum(one.status == 503 for one in log), "")),
        tell(number(f"{what}: no answer", sum(one.status is None for one in log), "", 0)),
        tell(number(f"{what}: rss of the front", memory_mib(league.plane.pid)["rss"], "MiB")),
    ]


def tenants_context(league: CrowdedLeague) -> Context:
    token = league.ask("token", "bench", "--tenant", TENANT)["token"]
    context = read_context(league.state / "context.json")
    return Context(context.url, token, context.ca)


if __name__ == "__main__":
    sys.exit(main())
