"""First placement: the country is law, capacity is physics, and emptier hosts go first.

Pure and deterministic: the same demand and the same hosts give the same answer, ties broken by
host id.  Every host that may not run it is told apart by the rules that refused it.  The choice
is optimistic: room is only taken by the guarded hold, which may say that someone was faster.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId
from hanza.model.site import ANYWHERE, Country

RULES = ("country", "offered", "heard", "not_refused", "capacity")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One host as placement sees it."""

    host: HostId
    agent: AgentId
    country: Country
    capacity: Capacity
    free: Capacity
    is_offered: bool
    is_heard: bool
    is_refusing: bool
    """The engine said lately that it has no room, whatever the books say."""
    site: str = ""
    """The name of its site."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be placed."""

    country: Country
    size: Capacity


@dataclass(frozen=True, slots=True)
class Chosen:
    host: HostId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class Nowhere:
    """No host may run it.  `refusals` counts, per rule, the hosts that it refused."""

    looked_at: int
    refusals: tuple[tuple[str, int], ...]

    def sentence(self, demand: Demand) -> str:
        """Why, in words, with the numbers."""
        if not self.looked_at:
            return "no site has joined yet"
        said = {
            "country": f"{{n}} not in {demand.country}",
            "offered": "{n} not offered",
            "heard": "{n} not heard of lately",
            "not_refused": "{n} said they are full",
            "capacity": f"{{n}} without {_words(demand.size)} free",
        }
        parts = [said[rule].format(n=count) for rule, count in self.refusals]
        return f"none of {self.looked_at} hosts may run it: " + ", ".join(parts)


def refusals_of(demand: Demand, candidate: Candidate) -> tuple[str, ...]:
    """Every rule that keeps the demand off this host; empty when it may run there."""
    verdicts = {
        "country": demand.country in (candidate.country, ANYWHERE),
        "offered": candidate.is_offered,
        "heard": candidate.is_heard,
        "not_refused": not candidate.is_refusing,
        "capacity": candidate.free.holds(demand.size),
    }
    return tuple(rule for rule in RULES if not verdicts[rule])


def choose(demand: Demand, candidates: Sequence[Candidate]) -> Chosen | Nowhere:
    """The host with the largest free share of memory among those that no rule refuses."""
    counts: Counter[str] = Counter()
    fitting: list[Candidate] = []
    for candidate in candidates:
        refused_by = refusals_of(demand, candidate)
        counts.update(refused_by)
        if not refused_by:
            fitting.append(candidate)
    if not fitting:
        refusals = tuple((rule, counts[rule]) for rule in RULES if counts[rule])
        return Nowhere(len(candidates), refusals)
    best = min(fitting, key=lambda c: (-_free_share(c), c.host))
    return Chosen(best.host, best.agent)


def _free_share(candidate: Candidate) -> float:
    return candidate.free.memory_mib / max(candidate.capacity.memory_mib, 1)


def _words(size: Capacity) -> str:
    return f"{size.cpus} cpu, {size.memory_mib} MiB memory and {size.disk_mib} MiB disk"
