"""What OpenStack Placement does of the same work, where it is installed.

It is looked for in this Python, or in that which `OPENSTACK_PYTHON` names:

    python3 -m venv /tmp/op && /tmp/op/bin/pip install openstack-placement
    OPENSTACK_PYTHON=/tmp/op/bin/python make bench-placement

It claims durably, on SQLite, one instance after another; so next to it stands what a decision
costs here on as many hosts, and `make bench-whole` has what a durable one costs.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.league import NOW, fleet_of
from bench.report import Number, tell
from hanza.model.capacity import Capacity
from hanza.model.policy import Policy
from hanza.plan.placement.candidate import Demand

RUNNER = Path(__file__).with_name("openstack_runner.py")
CLAIMS = 50
number = partial(Number, "placement")


def run(providers: int) -> Iterator[Number]:
    yield tell(_ours(providers))
    python = _python()
    if python is None:
        what = "OpenStack Placement is not installed: see bench/openstack.py"
        yield tell(number(what, 0, "not measured"))
        return
    # Without this folder on its path, which has a module of the same name.
    command = [python, "-P", str(RUNNER), str(providers), str(CLAIMS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    if told["placed"] != CLAIMS:
        raise SystemExit(f"OpenStack Placement placed {told['placed']} of {CLAIMS}")
    what = f"OpenStack Placement {told['version']} on SQLite, {providers:,} hosts"
    yield tell(number(what, told["perCpuSecond"], "durable claims/cpu s"))


def _ours(hosts: int) -> Number:
    """One instance in one country each, as it is asked for there; its room is taken."""
    fleet = fleet_of(hosts)
    size = Capacity(1, 2048, 20_480)
    countries = sorted({one.ground.country for one in fleet.candidates(NOW)})
    asked = [Demand("a", size, Policy(countries=frozenset({one}))) for one in countries]
    for one in asked:
        fleet.choose(one, (), NOW)
    began, count = time.process_time(), 2_000
    for nth in range(count):
        demand = asked[nth % len(asked)]
        host = fleet.choose(demand, (), NOW)
        assert host is not None, "there is room for all"
        fleet.take(host, size)
    rate = count / (time.process_time() - began)
    return number(f"decisions for one in one country, {hosts:,} hosts", rate, "decisions/cpu s")


def _python() -> str | None:
    named = os.environ.get("OPENSTACK_PYTHON")
    if named is not None:
        return named
    return sys.executable if importlib.util.find_spec("placement") is not None else None
