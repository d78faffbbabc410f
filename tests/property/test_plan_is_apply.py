"""What `hanza plan` tells is what the engine then does, over thousands of random cases.

Both are asked about the same hosts: the plan on trial, the engine for good.  Every rule takes part:
law, owners, company, spreads, ports, volumes, homes, and providers' terms.
"""

from dataclasses import replace
from random import Random  # noqa: TID251 -- seeded: the cases are always the same

import pytest

from hanza.engine.place import decide
from hanza.model.capacity import Capacity
from hanza.model.guest import Port
from hanza.model.ids import HostId, SiteId
from hanza.model.instance import Wanted
from hanza.model.policy import PRESETS, Beside, Goals, Near, Policy, Requirement, Seal, Spread
from hanza.model.quota import Limits
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Stand
from hanza.plan.placement.choose import MEMBERS_MAX
from hanza.plan.placement.demand import Bounds, Named, named
from hanza.plan.placement.fleet import Fleet
from hanza.plan.placement.pins import Bound, Pin
from hanza.plan.placement.quote import quote_team
from kit.columns import HEARD_WITHIN, a_host
from kit.grounds import AMSTERDAM, LJUBLJANA, NOW, a_ground, a_member, prices_of

CASES = 2_000
OVERS = ("host", "site", "provider", "country")
COUNTRIES = ("DE", "NL", "SI")


def a_league(draw: Random) -> Fleet:
    """Four sites of two providers, one of which may have terms, and a dozen hosts."""
    fleet = Fleet(HEARD_WITHIN, compiled=False)
    terms = Terms(
        Limits(instances=draw.choice([None, None, 1, 3])),
        Limits(cpus=draw.choice([None, 4])),
        frozenset(draw.choice([(), (), ("t",)])),
        frozenset(draw.choice([(), ("HU",)])),
        frozenset(draw.choice([(), (), ("health",)])),
    )
    own = {"p0": draw.choice([None, terms]), "p1": None}
    for n in range(4):
        provider = f"p{draw.randrange(2)}"
        fleet.put_ground(
            a_ground(
                f"s{n}",
                country=draw.choice(COUNTRIES),
                provider=provider,
                terms=own[provider],
                latitude=draw.choice([46.0, 50.1]),
                site_attributes={"sku_families": (draw.choice(["general", "memory"]),)},
                provider_attributes={"seal": (draw.choice(["2", "3"]),)},
                prices=draw.choice([None, prices_of(draw.randrange(1, 9) * 1000)]),
                rtts=draw.choice([{}, {LJUBLJANA: draw.randrange(5, 50)}]),
            )
        )
    for n in range(draw.randrange(2, 13)):
        free = Capacity(draw.randrange(5), draw.choice([512, 1024, 4096]), 4096)
        ports = dict.fromkeys(draw.choice([(), (), (80,)]))
        fleet.put(a_host(f"h{n}", f"s{draw.randrange(4)}", free=free, ports=ports))
    return fleet


def a_policy(draw: Random) -> Policy:
    """Mostly one thing is asked, and seldom three."""

    def seldom(value: object, otherwise: object = ()) -> object:
        return value if draw.random() < 0.2 else otherwise

    over, limit = draw.choice(OVERS), draw.choice([None, 40])
    company = Beside(
        draw.choice(OVERS),
        draw.choice(["component", "component", "volume"]),
        draw.choice(["web", "db"]),
        draw.random() < 0.5,
    )
    spread = Spread(over, draw.choice([None, 2]), draw.choice([50, None]), draw.random() < 0.5)
    family = Requirement("site", "sku_families", "any", frozenset({"general"}))
    return Policy(
        countries=seldom(frozenset(draw.sample(COUNTRIES, 2)), None),
        providers_denied=seldom(frozenset({"p1"}), frozenset()),
        requirements=seldom((family,)),
        near=seldom((Near(draw.choice([LJUBLJANA, AMSTERDAM]), limit),)),
        spreads=seldom((spread,)) if spread != Spread(over) else (),
        goals=draw.choice([None, *PRESETS.values()]),
        price_max=seldom(4_000_000, None),
        seals=seldom((Seal("", 3),)),
        besides=(company,) if draw.random() < 0.4 else (),
        data=draw.choice([None, frozenset({"health"}), frozenset({"public"})]),
    )


def a_team(draw: Random, fleet: Fleet) -> tuple[list[tuple[Wanted, HostId | None]], Bounds]:
    """Up to four members, of which some may stand, and what binds them."""
    known = [one.host for one in fleet.candidates(NOW)]
    policies = {name: a_policy(draw) for name in ("web", "db")}
    members: list[tuple[Wanted, HostId | None]] = []
    for n in range(draw.randrange(1, 5)):
        name = draw.choice(["web", "web", "db"])
        size = Capacity(draw.randrange(1, 3), draw.choice([256, 1024]), 64)
        one = a_member(f"{name}-{n}", policies[name], component=name, size=size)
        if draw.random() < 0.2:
            one = replace(one, spec=replace(one.spec, ports=(Port(80, 80),)))
        members.append((one, draw.choice([*known]) if n and draw.random() < 0.3 else None))
    ids = [one.id for one, host in members if host is None]
    pins, homes = {}, {}
    for one in ids:
        if draw.random() < 0.15:
            where = draw.choice([None, draw.choice(known)])
            pins[one] = Pin(draw.choice([None, "s1"]), (Bound("data", where),), 0, 64)
        if draw.random() < 0.15:
            homes[one] = draw.choice(known)
    at = fleet.candidate(draw.choice(known), NOW)
    ground = at.ground
    stand = Stand(at.host, SiteId(ground.site), ground.name, ground.provider, ground.country)
    stands: dict[Named, tuple[Stand, ...]] = {
        named(one, beside): draw.choice([(), (stand,)])
        for one, _ in members
        for beside in policies[one.component or ""].besides
        if beside.kind == "volume"
    }
    country = draw.choice([None, "HU", "DE", "DE"])
    return members, Bounds(pins, {}, homes, stands, {"t": country})


@pytest.mark.parametrize(
    "policy",
    [
        Policy(goals=PRESETS["cheapest"]),
        Policy(goals=Goals(price=1, room=2)),
        Policy(goals=PRESETS["cheapest"], spreads=(Spread("site", share_max=60),)),
        Policy(),
    ],
)
def test_what_is_planned_of_many_is_what_is_done(policy: Policy) -> None:
    """More than are searched, of two sizes: the cheaper site has no room for all of them."""
    fleet, count = Fleet(HEARD_WITHIN, compiled=False), MEMBERS_MAX + 4
    room = Capacity(150, 150, 150)
    for n in range(4):
        fleet.put_ground(a_ground(f"s{n // 2}", prices=prices_of(1000 + 500 * (n // 2))))
        fleet.put(a_host(f"h{n}", f"s{n // 2}", capacity=room, free=room))
    sizes = (Capacity(1, 1, 1), Capacity(2, 2, 2))
    members: list[tuple[Wanted, HostId | None]] = [
        (a_member(f"n{n:03}", policy, component="web", size=sizes[n % 2]), None)
        for n in range(count)
    ]
    with fleet.trial(NOW) as trial:
        quote = quote_team(members, trial, Bounds())
    decision = decide(fleet, members, Bounds(), NOW)
    assert len(decision.spots) == count
    assert [line.at and line.at.host for line in quote.lines] == [it.host for it in decision.spots]
    (proof,) = quote.proofs
    assert proof.members == count
    assert proof.gap is not None
    assert proof.gap < 1 / 10


def test_what_is_planned_is_what_is_done() -> None:
    draw = Random(6)
    placed = refused = 0
    for case in range(CASES):
        fleet = a_league(draw)
        members, bounds = a_team(draw, fleet)
        first = next((one.id for one, host in members if host is None), None)
        with fleet.trial(NOW) as trial:
            quote = quote_team(members, trial, bounds, only={first})
            planned = list(fleet.candidates(NOW))
        decision = decide(fleet, members, bounds, NOW)
        assert (quote.refusal or "") == decision.refusal, case
        assert list(fleet.candidates(NOW)) == planned, case
        if first is not None:
            at = {
                one.id: spot.host
                for one, spot in zip(decision.unplaced, decision.spots, strict=False)
            }
            (line,) = quote.lines
            assert (line.at and line.at.host) == at.get(first), case
        placed, refused = placed + bool(decision.spots), refused + bool(decision.refusal)
    assert placed > CASES // 5
    assert refused > CASES // 5
