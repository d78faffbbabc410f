"""Builders for placement: hosts on grounds, demands, policies, and strategies that draw them."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.guest import GuestSpec
from hanza.model.ids import AgentId, HostId, InstanceId, SiteId
from hanza.model.instance import Address, Wanted
from hanza.model.policy import (
    Beside,
    Goals,
    Near,
    Point,
    Policy,
    Reach,
    Requirement,
    Seal,
    Spread,
)
from hanza.model.price import Prices
from hanza.model.quota import Limits
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Candidate, Companion, Demand, Ground, Stand
from hanza.plan.placement.pins import FREE, Bound, Pin

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHOLE, SMALL = Capacity(4, 4096, 4096), Capacity(1, 1024, 1024)
LJUBLJANA = Point("Ljubljana, SI", 46.05, 14.51)
AMSTERDAM = Point("Amsterdam, NL", 52.37, 4.89)


def a_ground(site: str = "s1", **changed: Any) -> Ground:
    values: dict[str, Any] = {
        "site": SiteId(site),
        "name": site,
        "city": site.title(),
        "country": "DE",
        "latitude": 50.1,
        "longitude": 8.7,
        "provider": "p1",
    }
    return Ground(**(values | changed))


def a_candidate(host: str = "h1", ground: Ground | None = None, **changed: Any) -> Candidate:
    values: dict[str, Any] = {
        "host": HostId(host),
        "name": host,
        "agent": AgentId(f"ag_{host}"),
        "ground": ground or a_ground(),
        "capacity": WHOLE,
        "free": WHOLE,
        "is_offered": True,
        "is_heard": True,
        "is_refusing": False,
    }
    return Candidate(**(values | changed))


def a_demand(policy: Policy | None = None, **changed: Any) -> Demand:
    values: dict[str, Any] = {"name": "web", "size": SMALL, "policy": policy or Policy()}
    return Demand(**(values | changed))


def a_member(name: str, policy: Policy | None = None, **changed: Any) -> Wanted:
    """A replica of the component web of an app, of size `SMALL`."""
    size = changed.pop("size", SMALL)
    spec = GuestSpec(name, "tiny", size.cpus, size.memory_mib, size.disk_mib)
    values = {"country": None, "policy": policy, "app": "shop", "component": "web"} | changed
    address = Address("t", "w", name)
    return Wanted(
        InstanceId(f"in_{name}"),
        address,
        spec=spec,
        power="on",
        generation=1,
        created_at=NOW,
        **values,
    )


def prices_of(cpu: int) -> Prices:
    return Prices(cpu, 0, 0)


countries = st.sampled_from(["DE", "NL", "SI", "FR"])
some_countries = st.frozensets(countries, min_size=1, max_size=3)
providers = st.sampled_from(["p1", "p2", "p3"])
values = st.sampled_from(["none", "yes", "unknown", "iso", "c5"])
levels = st.sampled_from(["2", "3", "3", "4", "unknown"])
classes = st.sampled_from(["store", "micro_dc"])

grounds = st.builds(
    Ground,
    site=st.just(SiteId("")),
    name=st.just("s"),
    city=st.just("S"),
    country=countries,
    latitude=st.sampled_from([46.0, 50.1, 52.4]),
    longitude=st.sampled_from([4.9, 8.7, 14.5]),
    provider=providers,
    site_class=st.none() | classes,
    site_attributes=st.fixed_dictionaries(
        {}, optional={"tier": st.tuples(values), "seal": st.tuples(levels)}
    ),
    provider_attributes=st.fixed_dictionaries(
        {},
        optional={
            "control": st.lists(values, max_size=2).map(tuple),
            "seal": st.tuples(levels),
            "seal_sov_1": st.tuples(levels),
        },
    ),
    prices=st.none() | st.builds(prices_of, st.integers(0, 40_000)),
    carbon=st.none() | st.sampled_from([0.0, 20.5, 300.0]),
    rtts=st.dictionaries(
        st.just(LJUBLJANA), st.floats(0, 60, allow_nan=False).map(lambda ms: round(ms, 1))
    ),
)


terms = st.none() | st.builds(
    Terms,
    each=st.builds(Limits, instances=st.none() | st.integers(0, 2)),
    total=st.builds(Limits, cpus=st.none() | st.integers(0, 4)),
    denied=st.frozensets(st.just("rival"), max_size=1),
    tenant_countries=st.frozensets(st.just("HU"), max_size=1),
    data_classes=st.frozensets(st.just("health"), max_size=1),
)
stands = st.builds(
    Stand,
    host=st.sampled_from(["h0", "h1", "h2"]).map(HostId),
    site=st.sampled_from(["s0", "s1"]).map(SiteId),
    name=st.just("s"),
    provider=st.just("p1"),
    country=st.just("DE"),
)
companions = st.just(()) | st.tuples(
    st.builds(
        Companion,
        st.builds(
            Beside,
            over=st.sampled_from(["host", "site", "provider"]),
            kind=st.just("instance"),
            name=st.just("x"),
            is_hard=st.sampled_from([True, False, False]),
        ),
        st.tuples(stands),
    )
)


@st.composite
def leagues_of_hosts(draw: st.DrawFn, hosts_max: int = 5) -> list[Candidate]:
    """Up to three sites with up to `hosts_max` hosts between them."""
    sites = [
        a_ground_like(ground, f"s{n}")
        for n, ground in enumerate(draw(st.lists(grounds, min_size=1, max_size=3)))
    ]
    count = draw(st.integers(0, hosts_max))
    return [
        a_candidate(
            f"h{n}",
            draw(st.sampled_from(sites)),
            free=draw(free_rooms),
            is_offered=draw(mostly),
            is_heard=draw(mostly),
            is_refusing=not draw(mostly),
        )
        for n in range(count)
    ]


def a_ground_like(ground: Ground, site: str) -> Ground:
    members = {name: getattr(ground, name) for name in Ground.__slots__}
    return Ground(**(members | {"site": SiteId(site), "name": site}))


bounds = st.builds(
    Bound,
    st.sampled_from(["boot", "data"]),
    st.none() | st.sampled_from(["h0", "h1", "h9"]).map(HostId),
    taken_by=st.sampled_from([None, None, None, "other"]),
    is_leaving=st.sampled_from([False, False, False, True]),
)
pins = st.just(FREE) | st.builds(
    Pin,
    site=st.none() | st.sampled_from(["s0", "s1", "s9"]),
    volumes=st.lists(bounds, max_size=2).map(tuple),
    held_mib=st.sampled_from([0, 64]),
)
mostly = st.sampled_from([True, True, True, True, False])
free_rooms = st.builds(
    Capacity, st.integers(-1, 4), st.sampled_from([-5, 0, 512, 1024, 4096]), st.just(4096)
)
requirements = st.builds(
    Requirement,
    subject=st.just("provider"),
    attribute=st.just("control"),
    how=st.sampled_from(["is", "any", "all"]),
    values=st.frozensets(st.sampled_from(["none", "iso", "c5"]), min_size=1, max_size=2),
) | st.builds(
    Requirement,
    subject=st.just("site"),
    attribute=st.just("tier"),
    how=st.just("is"),
    values=st.just(frozenset({"iso"})),
)
nears = st.builds(Near, st.sampled_from([LJUBLJANA, AMSTERDAM]), st.none() | st.integers(1, 60))
spreads = st.builds(
    Spread,
    over=st.sampled_from(["host", "site", "provider", "country"]),
    distinct_min=st.none() | st.integers(1, 4),
    share_max=st.none() | st.sampled_from([30, 50, 100]),
    is_hard=st.booleans(),
).filter(lambda one: bool(not one.is_hard or one.distinct_min or one.share_max))
seals = st.builds(Seal, st.sampled_from(["", "sov_1"]), st.integers(1, 4))
reaches = st.builds(
    Reach,
    st.just((LJUBLJANA, AMSTERDAM)),
    st.sampled_from([15, 40, 60]),
    st.sampled_from([50, 90]),
)
besides = st.builds(
    Beside,
    over=st.sampled_from(["host", "site", "provider", "country"]),
    kind=st.just("component"),
    name=st.sampled_from(["web", "db"]),
    is_hard=st.booleans(),
)
weights = st.integers(0, 2)
goals = st.none() | st.builds(Goals, weights, weights, weights, weights)
policies = st.builds(
    Policy,
    countries=st.none() | some_countries,
    countries_denied=st.frozensets(countries, max_size=1),
    regions=st.none() | st.frozensets(countries.map(str.lower), min_size=1, max_size=2),
    providers=st.none() | st.frozensets(providers, min_size=1, max_size=2),
    providers_denied=st.frozensets(providers, max_size=1),
    classes=st.none() | st.frozensets(classes, min_size=1, max_size=1),
    requirements=st.lists(requirements, max_size=1).map(tuple),
    near=st.lists(nears, max_size=2, unique_by=lambda one: one.point).map(tuple),
    spreads=st.lists(spreads, max_size=2, unique_by=lambda one: (one.over, one.is_hard)).map(tuple),
    goals=goals,
    price_max=st.none() | st.integers(0, 40_000_000),
    carbon_max=st.none() | st.integers(0, 400),
    seals=st.lists(seals, max_size=1).map(tuple),
    reaches=st.lists(reaches, max_size=1).map(tuple),
)
lax_policies = st.builds(
    Policy,
    countries=st.none() | some_countries,
    near=st.lists(nears.map(lambda one: Near(one.point)), max_size=1).map(tuple),
    spreads=st.lists(spreads, max_size=2, unique_by=lambda one: (one.over, one.is_hard)).map(tuple),
    goals=goals,
    besides=st.lists(besides, max_size=1).map(tuple),
    data=st.none() | st.frozensets(st.sampled_from(["health", "public"]), min_size=1),
)
