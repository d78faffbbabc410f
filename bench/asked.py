"""Quotes over HTTP: what one costs whoever asks a real plane for it, from request to answer.

    python -m bench.asked [--quick]

One plane as a process, over loopback, on a store into which the league of `bench/league.py` was
written as joining would leave it; its agents are heard and do nothing.  One client asks one quote
after the other, as a tenant with a token.  Fails when a bound is not kept.
"""

import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from bench.durable import hear_all, put_league
from bench.league import SIZES, policies
from bench.load import Server, run_load
from bench.report import Number, load_average, percentile, tell
from hanza.drivers.contract.patience import until
from hanza.store.migrate import migrate
from hanza.store.tx import Store
from hanza.wire.policy_v1 import policy_to_json
from kit.processes import a_local_league

HOSTS, ASKED, WARM = 5_000, 1_000, 100
HEAR_EVERY_S = 5
READY_WITHIN_S = 300
TENANT = "acme"
BOUND_MS = 25
number = partial(Number, "placement")


def run(hosts: int, asked: int) -> list[Number]:
    with _a_plane(hosts) as (server, pid_log):
        # Machine code may still be compiled beside it.
        until(lambda: "placement.compiled" in pid_log.read_text(), "compiled", READY_WITHIN_S)
        return [
            _tell(server, hosts, asked, what, is_refused=is_refused)
            for what, is_refused in (("a quote", False), ("a quote that is refused", True))
        ]


def _tell(server: Server, hosts: int, asked: int, what: str, *, is_refused: bool) -> Number:
    run_load(server, _requests(server, is_refused=is_refused), WARM, 1)
    seconds = run_load(server, _requests(server, is_refused=is_refused), asked, 1)
    name = f"{what} over HTTP, p99, {hosts:,} hosts at {hosts // 20} sites"
    tell(number(name.replace("p99", "p50"), 1_000 * percentile(seconds, 0.5), "ms"))
    return tell(number(name, 1_000 * percentile(seconds, 0.99), "ms", at_most=BOUND_MS))


def _requests(server: Server, *, is_refused: bool) -> Iterator[bytes]:
    """Of all policies and sizes in turn."""
    path = f"/providers/hanza.federation/v1/tenants/{TENANT}/workspaces/shop/quotes"
    asked, nth = policies(), 0
    while True:
        size, policy = SIZES[nth % len(SIZES)], asked[nth * 7 % len(asked)]
        said = dict(policy_to_json(policy) or {})
        if is_refused:
            said["residency"] = {"allow": ["LI"]}
        sized = {"cpus": size.cpus, "memoryMiB": size.memory_mib, "diskMiB": size.disk_mib}
        body = {"instances": {"web": {"image": "blank", **sized, "policy": said}}}
        yield server.request("POST", path, json.dumps(body).encode())
        nth += 1


@contextmanager
def _a_plane(hosts: int) -> Iterator[tuple[Server, Path]]:
    with tempfile.TemporaryDirectory(prefix="hanza-bench-") as folder:
        state = Path(folder) / "plane"
        state.mkdir(mode=0o700)
        url = f"sqlite:///{state / 'hanza.db'}"
        migrate(url)
        flags = ["--insecure-http", "--requests-rate", "1000000/1000000"]
        with closing(Store(url)) as store, _heard(store):
            store.write(put_league, hosts)
            with a_local_league(Path(folder), flags=flags) as league:
                league.ask("tenant", "add", TENANT)
                token = league.ask("token", "bench", "--tenant", TENANT)["token"]
                yield Server("127.0.0.1", league.port, token), Path(folder) / "plane.log"


@contextmanager
def _heard(store: Store) -> Iterator[None]:
    """All agents, time and again."""
    stop = threading.Event()

    def hear() -> None:
        while not stop.wait(HEAR_EVERY_S):
            store.write(hear_all)

    thread = threading.Thread(target=hear)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def main() -> int:
    told = run(HOSTS, 100 if "--quick" in sys.argv else ASKED)
    tell(number("load average", load_average(), "processes"))
    return 0 if all(one.is_kept for one in told) else 1


if __name__ == "__main__":
    sys.exit(main())
