"""Quotes on columns: what one costs until it is a document."""

import gc
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice

import msgspec

from bench.league import NOW, fleet_of, replicas
from bench.report import Number, percentile, tell
from hanza.model.guest import GuestSpec
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Policy
from hanza.plan.change import Change
from hanza.plan.coordinates import NOTHING
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.demand import UNBOUND
from hanza.plan.placement.fleet import Fleet
from hanza.plan.placement.quote import quote_team
from hanza.wire.placement_v1 import quote_to_doc

number = partial(Number, "placement")
WARM = 8
"""Quotes that are not counted: the first ones load machine code."""


def run(hosts: int, asked: int) -> Iterator[Number]:
    """Each of many quotes whole, as the API gives it but for reading who asks: new ones, what
    stands, and what no host may run."""
    fleet = fleet_of(hosts)
    gc.collect()
    gc.freeze()  # as a plane does when it has started
    stands = next(islice(fleet.candidates(NOW), hosts // 2, None)).host
    nowhere = Policy(countries=frozenset({"AQ"}))
    for what, host, change in (
        ("a quote", None, None),
        ("an explanation of what stands, as a quote", stands, None),
        ("a quote that is refused", None, nowhere),
    ):
        values: list[float] = []
        for nth, one in enumerate((*replicas(WARM), *replicas(asked))):
            if nth == WARM:
                values.clear()
            began = time.process_time()
            _quote(fleet, one.demand, host, change or one.demand.policy)
            values.append(1_000 * (time.process_time() - began))
        name = f"{what}, p99, {hosts:,} hosts at {hosts // 20} sites"
        p99 = percentile(values, 0.99)
        yield tell(number(name, p99, "cpu ms", at_most=25 if host is None else None))


def _quote(fleet: Fleet, demand: Demand, host: HostId | None, policy: Policy) -> bytes:
    size = demand.size
    spec = GuestSpec("a", "tiny", size.cpus, size.memory_mib, size.disk_mib)
    address = Address("t", "w", "a")
    wanted = Wanted(InstanceId("in_a"), address, None, spec, "on", 1, NOW, policy=policy)
    with fleet.trial(NOW) as trial:
        quote = quote_team([(wanted, host)], trial, UNBOUND)
    return msgspec.json.encode(quote_to_doc([quote], [], {"a": Change("none")}, {}, [], NOTHING))
