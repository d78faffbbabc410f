"""What quotas cost those who admit: `make bench-quota`.

Two planes' stores, each a process of its own with its own writer, on one throw-away PostgreSQL.
Each admits N new instances of one tenant and workspace, so many requests of it at once.  First
nothing is limited, then tenant and workspace have quotas with room for all of it, then such that
the last tenth is refused.  Prints, and judges nothing: what is fast depends on the machine.
"""

import argparse
import multiprocessing as mp
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from multiprocessing.synchronize import Barrier

import sqlalchemy as sa

from bench.report import Number, tell
from hanza.api.instances import write_wish
from hanza.model.errors import QuotaExceeded
from hanza.model.ids import InstanceId
from hanza.model.instance import Address
from hanza.model.quota import Limits, Scope
from hanza.plan.admission import InstanceWish
from hanza.store.migrate import migrate
from hanza.store.quotas import get_quota, set_quota
from hanza.store.tx import Store
from kit.postgres import throw_away_postgres

PLANES = 2
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TENANT, WORKSPACE = Scope("acme"), Scope("acme", "shop")
number = partial(Number, "quota")


def main() -> int:
    options = _options()
    with throw_away_postgres() as server:
        for words, share in (("none", None), ("with room", 2.0), ("for nine of ten", 0.9)):
            url = _database(server, words.replace(" ", "_"))
            limit = None if share is None else int(PLANES * options.asks * share)
            seconds, admitted, retries = _measure(url, limit, options)
            asked = PLANES * options.asks
            tell(number(f"asked, quota {words}", round(asked / seconds, 1), "1/s"))
            tell(number(f"admitted, quota {words}", admitted, "instances"))
            tell(number(f"batches run again, quota {words}", retries, "batches"))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asks", type=int, default=400)
    parser.add_argument("--together", type=int, default=16)
    return parser.parse_args()


def _database(server: str, name: str) -> str:
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    url = server.replace("/postgres?", f"/{name}?")
    migrate(url)
    return url


def _measure(url: str, limit: int | None, options: argparse.Namespace) -> tuple[float, int, float]:
    """Seconds from the first to the last answer, how many there are then, batches run again."""
    with closing(Store(url)) as store:
        if limit is not None:
            for scope in (TENANT, WORKSPACE):
                store.write(set_quota, scope, Limits(instances=limit), NOW)
        spawn = mp.get_context("spawn")
        barrier, answers = spawn.Barrier(PLANES), spawn.SimpleQueue()
        planes = [
            spawn.Process(
                target=_ask,
                args=(url, one, options.asks, options.together, barrier, answers),
            )
            for one in range(PLANES)
        ]
        for one in planes:
            one.start()
        said = [answers.get() for _ in planes]
        for one in planes:
            one.join()
        began, ended = min(one[0] for one in said), max(one[1] for one in said)
        admitted = store.read(get_quota, TENANT).used.instances
        return ended - began, admitted, sum(one[2] for one in said)


def _ask(
    url: str,
    plane: int,
    asks: int,
    together: int,
    barrier: Barrier,
    answers: "mp.queues.SimpleQueue[tuple[float, float, float]]",
) -> None:
    with closing(Store(url)) as store:

        def admit(n: int) -> None:
            address = Address(TENANT.tenant, WORKSPACE.workspace, f"p{plane}i{n}")
            wish = InstanceWish(address, "DE", "blank", 1, 64, 10, "on")
            try:
                store.write(write_wish, wish, InstanceId(f"in_p{plane}i{n}"), NOW)
            except QuotaExceeded:
                return

        with ThreadPoolExecutor(together) as pool:
            barrier.wait()
            began = time.perf_counter()
            list(pool.map(admit, range(asks)))
            ended = time.perf_counter()
        answers.put((began, ended, _retries(store)))


def _retries(store: Store) -> float:
    """Batches that it ran again, as its numbers say."""
    lines = store.metrics.page().decode().splitlines()
    (value,) = (one.split()[1] for one in lines if one.startswith("hanza_store_retries_total"))
    return float(value)


if __name__ == "__main__":
    sys.exit(main())
