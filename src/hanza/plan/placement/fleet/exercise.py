"""A small fleet that is asked everything once, so that all machine code of decisions is there.

For whoever has it compiled, or read from where it is kept, before a fleet that counts is asked:
numba compiles a function for the types of what it is first called with, and these are always the
same.  What is decided here interests nobody.
"""

from datetime import UTC, datetime, timedelta

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, SiteId
from hanza.model.policy import Goals, Policy, Spread
from hanza.model.price import Prices
from hanza.plan.placement.candidate import Demand, Ground
from hanza.plan.placement.choose import MEMBERS_MAX, Placed
from hanza.plan.placement.fleet.fleet import Fleet
from hanza.plan.placement.fleet.host import Host, Standing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SITES, HOSTS = 3, 4
ROOM, SIZE = Capacity(72, 16_384, 65_536), Capacity(1, 1024, 1024)
"""Each host's, and each demand's."""
MANY, LITTLE = MEMBERS_MAX + 1, Capacity(1, 16, 1024)
"""More than a site has disk for."""
APART = Policy(spreads=(Spread("site", distinct_min=2),))
NOWHERE = Policy(countries=frozenset({"AQ"}))


def exercise() -> None:
    """Ask for one host and for some, for what stands, for nobody, and why."""
    fleet = _fleet()
    for policy in (APART, NOWHERE, Policy()):
        demand = Demand("web", SIZE, policy, component="web")
        host = fleet.choose(demand, (), NOW)
        standing = [] if host is None else [Standing("web", host)]
        fleet.place_group([demand] * 3, standing, NOW)
        fleet.explain(demand, standing, NOW)
        if host is not None:
            fleet.take(host, SIZE)
            fleet.give(host, SIZE)
    _exercise_many(fleet)


def _exercise_many(fleet: Fleet) -> None:
    """Place so many that it is done in numbers, and prove how well."""
    team = [Demand("web", LITTLE, Policy(goals=Goals(price=1)))] * MANY
    with fleet.trial(NOW) as trial:
        answer = trial.place(team, ())
        assert isinstance(answer, Placed), "there is room for them"
        trial.proof(team, (), answer)


def _fleet() -> Fleet:
    fleet = Fleet(timedelta(minutes=1), compiled=True)
    for nth in range(SITES):
        site = SiteId(f"si_{nth}")
        fleet.put_ground(_ground(site, nth))
        for one in range(HOSTS):
            fleet.put(_host(site, one))
    return fleet


def _ground(site: SiteId, nth: int) -> Ground:
    return Ground(
        site=site,
        name=site,
        city="City",
        country="SI",
        latitude=46.0 + nth,
        longitude=14.0,
        provider=f"provider-{nth}",
        site_class="dc",
        provider_attributes={},
        prices=Prices(10 + nth, 1, 1),
        carbon=100.0,
        rtts={},
    )


def _host(site: SiteId, nth: int) -> Host:
    return Host(
        host=HostId(f"ho_{site}_{nth}"),
        name=f"host-{nth}",
        agent=AgentId(f"ag_{site}"),
        site=site,
        capacity=ROOM,
        free=ROOM,
        is_offered=True,
        heard_at=NOW,
    )
