"""Worlds for the benchmarks of placement: hosts at sites of many providers, and what is asked.

Twenty hosts a site, thirty countries, four sites a provider.  Sizes, prices, grids and round trips
are drawn once from a fixed seed, so every run asks the same of the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from hanza.kit.ids import derived
from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, SiteId
from hanza.model.policy import PRESETS, Goals, Near, Point, Policy, Requirement, Spread
from hanza.model.price import Prices
from hanza.plan.placement.candidate import Demand, Ground
from hanza.plan.placement.fleet import Fleet, Host

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEARD_WITHIN = timedelta(seconds=35)
HOSTS_PER_SITE, SITES_PER_PROVIDER = 20, 4
COUNTRIES = (
    *("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR"),
    *("DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL"),
    *("PL", "PT", "RO", "SK", "SI", "ES", "SE", "NO", "CH", "IS"),
)
POINTS = (
    Point("Ljubljana, SI", 46.05, 14.51),
    Point("Amsterdam, NL", 52.37, 4.89),
    Point("Madrid, ES", 40.42, -3.7),
    Point("Helsinki, FI", 60.17, 24.94),
)
SIZES = (
    Capacity(1, 2048, 10_240),
    Capacity(2, 4096, 20_480),
    Capacity(4, 16_384, 51_200),
    Capacity(8, 32_768, 102_400),
)
SPREADS = (
    Spread("site", distinct_min=3),
    Spread("provider", share_max=50),
)
"""Hard: at least three different sites, no more than half at one provider."""
GOALS = (None, PRESETS["cheapest"], PRESETS["balanced"], Goals(carbon=1), Goals(price=1, carbon=1))


@dataclass(frozen=True, slots=True)
class Replica:
    """A demand, and how many of its component were asked before it."""

    demand: Demand
    nth: int


def grounds_of(sites: int) -> Iterator[Ground]:
    draw = np.random.default_rng(7)
    for nth in range(sites):
        latitude, longitude = float(draw.uniform(38, 65)), float(draw.uniform(-9, 27))
        provider = nth // SITES_PER_PROVIDER
        cents = int(draw.integers(5_000, 20_000))
        yield Ground(
            site=SiteId(derived("si", str(nth))),
            name=f"site-{nth:05}",
            city="City",
            country=COUNTRIES[int(draw.integers(len(COUNTRIES)))],
            latitude=latitude,
            longitude=longitude,
            provider=f"provider-{provider:05}",
            site_class=("store", "micro_dc", "dc")[nth % 3],
            provider_attributes={"certs": ("iso27001", "c5")[: 1 + provider % 2]},
            prices=Prices(cents, cents // 4, cents // 200),
            carbon=float(draw.integers(20, 700)),
            rtts={point: round(float(draw.uniform(2, 60)), 1) for point in POINTS[:2]},
        )


def hosts_of(ground: Ground, site: int) -> Iterator[Host]:
    """One agent for all of them; sizes differ from site to site."""
    for nth in range(HOSTS_PER_SITE):
        cpus = (32, 64, 128)[(site * 7 + nth) % 3]
        capacity = Capacity(cpus, 4096 * cpus, 51_200 * cpus)
        yield Host(
            host=HostId(derived("ho", f"{site}-{nth}")),
            name=f"node-{site:05}-{nth:02}",
            agent=AgentId(derived("ag", str(site))),
            site=ground.site,
            capacity=capacity,
            free=capacity,
            is_offered=True,
            heard_at=NOW,
        )


def fleet_of(hosts: int) -> Fleet:
    fleet = Fleet(HEARD_WITHIN)
    for site, ground in enumerate(grounds_of(-(-hosts // HOSTS_PER_SITE))):
        fleet.put_ground(ground)
        for host in hosts_of(ground, site):
            fleet.put(host)
    return fleet


def policies(count: int = 64) -> list[Policy]:
    """Residency, certificates, classes, limits and goals, all with both spreads."""
    draw = np.random.default_rng(11)
    found = []
    for nth in range(count):
        countries = draw.choice(len(COUNTRIES), 12, replace=False)
        point = POINTS[nth % len(POINTS)]
        goals = GOALS[nth % len(GOALS)]
        required = Requirement("provider", "certs", "all", frozenset({"c5"}))
        found.append(
            Policy(
                countries=frozenset(COUNTRIES[one] for one in countries) if nth % 8 else None,
                requirements=(required,) if nth % 4 == 1 else (),
                classes=frozenset({"micro_dc", "dc"}) if nth % 4 == 2 else None,
                near=(Near(point, 120 if nth % 3 else None),) if nth % 2 else (),
                goals=goals,
                spreads=SPREADS,
            )
        )
    return found


def replicas(count: int) -> list[Replica]:
    """Components of three to five, each of one policy and one size."""
    draw = np.random.default_rng(13)
    asked, found = policies(), []
    while len(found) < count:
        policy, size = asked[int(draw.integers(len(asked)))], SIZES[int(draw.integers(len(SIZES)))]
        demand = Demand("web", size, policy, component="web")
        found += [Replica(demand, nth) for nth in range(int(draw.integers(3, 6)))]
    return found[:count]
