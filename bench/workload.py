"""The work that other systems were measured with: hosts and machines as formulas, nothing drawn.

Host i has 64 cores and 256 GiB, its country, tier, latency, price and carbon by i; machine k has
one of four sizes, and is either bound to one country and the edge, or to one of two countries and
to low latency.  A host's price and carbon are its site's here, as Hanza knows them: hosts of one
country, tier and latency class are one site's.
"""

from collections import Counter
from dataclasses import dataclass

COUNTRIES = ("DE", "FR", "ES", "IT", "NL", "PL", "SE", "CZ")
SIZES = ((1, 2048), (2, 4096), (4, 8192), (8, 16384))
HOST_CPUS, HOST_MIB = 64, 256 * 1024
NEAR_MS = 30


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """What the machines' rules tell hosts apart by."""

    country: str
    tier: str
    is_near: bool

    @property
    def site(self) -> str:
        return f"{self.country}-{self.tier}-{'near' if self.is_near else 'far'}".lower()


@dataclass(frozen=True, slots=True)
class Machine:
    """One instance that is asked for, with the sites' properties that it demands."""

    name: str
    cpus: int
    memory_mib: int
    countries: tuple[str, ...]
    is_edge_wanted: bool
    """At the edge if so, near if not."""

    def may_run_at(self, group: Group) -> bool:
        is_apt = group.tier == "edge" if self.is_edge_wanted else group.is_near
        return is_apt and group.country in self.countries


def group_of(host: int) -> Group:
    tier = "core" if (host // 8) % 4 == 3 else "edge"
    return Group(COUNTRIES[host % 8], tier, 5 + (host * 7) % 40 < NEAR_MS)


def price_of(host: int) -> int:
    """What the workload ranks by, the smaller the better: ten times the price, and the carbon."""
    return 10 * (10 + (host * 13) % 90) + 20 + (host * 29) % 480


def groups_of(hosts: int) -> dict[Group, int]:
    """How many hosts each has."""
    return dict(sorted(Counter(group_of(host) for host in range(hosts)).items()))


def prices_of(hosts: int) -> dict[Group, int]:
    """The mean of each group's hosts."""
    sums: Counter[Group] = Counter()
    for host in range(hosts):
        sums[group_of(host)] += price_of(host)
    return {group: sums[group] // count for group, count in groups_of(hosts).items()}


def machine(k: int) -> Machine:
    cpus, memory = SIZES[(k // 8) % 4]
    here, there = COUNTRIES[k % 8], COUNTRIES[(k + 1) % 8]
    is_even = k % 2 == 0
    return Machine(f"vm-{k:05}", cpus, memory, (here,) if is_even else (here, there), is_even)
