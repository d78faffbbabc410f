"""Groups beyond what is searched, whose members want to be beside something."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, SiteId
from hanza.model.policy import Beside, Over, Policy, Spread
from hanza.plan.placement.candidate import Companion, Demand, Stand
from hanza.plan.placement.choose import MEMBERS_MAX, Placed
from hanza.plan.placement.fleet import Fleet, Standing
from kit.columns import a_fleet, a_host
from kit.grounds import NOW, a_demand, a_ground

MANY = MEMBERS_MAX + 4
TINY = Capacity(1, 1, 1)


def a_large_team(web: Policy, db: Policy, **more: Any) -> list[Demand]:
    asked = {"web": a_demand(web, size=TINY, component="web", **more)}
    asked["db"] = a_demand(db, size=TINY, component="db")
    return [replace(asked["db" if n < 2 else "web"], name=f"n{n}") for n in range(MANY)]


def beside(over: Over, name: str = "db", *, is_hard: bool = True) -> Policy:
    return Policy(besides=(Beside(over, "component", name, is_hard),))


def sites_of(fleet: Fleet, team: list[Demand], standing: Sequence[Standing] = ()) -> list[str]:
    answer = fleet.place_group(team, standing, NOW)
    return [one.candidate.host for one in answer.options] if isinstance(answer, Placed) else []


def test_large_groups_keep_their_company_or_are_not_placed() -> None:
    """Two databases, which may be at one site only, and hundreds beside them."""
    room = Capacity(400, 400, 400)
    at = [a_host(f"h{n}", f"s{n // 2}", capacity=room, free=room) for n in range(4)]
    fleet = a_fleet(*at, compiled=False)
    here = Policy(providers=frozenset({"p2"}))
    fleet.put_ground(a_ground("s1", provider="p2"))
    for policy in (beside("site"), beside("host")):
        found = sites_of(fleet, a_large_team(policy, here))
        assert len(found) == MANY
        assert set(found) == {"h2", "h3"}, "who is stood beside is placed first"
    assert not sites_of(
        fleet, a_large_team(beside("host"), replace(beside("host"), providers=frozenset({"p9"})))
    )
    circle = a_large_team(beside("site"), beside("site", "web"))
    assert len({name[1] in "01" for name in sites_of(fleet, circle)}) == 1
    assert next(iter(fleet.candidates(NOW))).free == room, "it is left as it was"


def test_large_groups_are_beside_what_they_would_rather_be_where_it_has_room() -> None:
    room = Capacity(100, 100, 100)
    much = Capacity(500, 500, 500)
    wide = [a_host(f"h{n}", f"s{n}", capacity=much, free=much) for n in range(2)]
    fleet = a_fleet(*wide, a_host("h2", "s2", capacity=room, free=room), compiled=False)
    stand = Stand(HostId("h2"), SiteId("s2"), "s2", "p1", "DE")
    for over, kind in (("host", "instance"), ("site", "volume")):
        soft = Companion(Beside(over, kind, "x", is_hard=False), (stand,))
        found = sites_of(fleet, a_large_team(Policy(), Policy(), companions=(soft,)))
        assert found.count("h2") == 100
        hard = Companion(Beside("host", kind, "x"), (stand,))
        assert not sites_of(fleet, a_large_team(Policy(), Policy(), companions=(hard,)))
    standing = [Standing("db", HostId("h1"))]
    assert (
        set(sites_of(fleet, a_large_team(beside("site"), beside("site", "db")), standing)) != set()
    )
    apart = replace(beside("site", is_hard=False), spreads=(Spread("site", share_max=60),))
    assert len(set(sites_of(fleet, a_large_team(apart, Policy())))) > 1


def test_who_is_at_home_in_a_large_group_and_may_not_stay_goes_beside_its_company() -> None:
    room = Capacity(400, 400, 400)
    fleet = a_fleet(
        *(a_host(f"h{n}", f"s{n}", capacity=room, free=room) for n in range(2)), compiled=False
    )
    there = Policy(providers=frozenset({"p2"}))
    fleet.put_ground(a_ground("s1", provider="p2"))
    asked = replace(beside("site"), providers=frozenset({"p2"}))
    found = sites_of(fleet, a_large_team(asked, there, home=HostId("h0")))
    assert set(found) == {"h1"}
