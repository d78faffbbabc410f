"""What an app's file would change, and what it is refused with."""

from dataclasses import replace

import pytest

from hanza.model.errors import Invalid
from hanza.model.ids import HostId
from hanza.model.policy import Beside, Goals, Policy, Spread
from hanza.model.volume import Disk
from hanza.plan.beyond import There, overs_of
from hanza.plan.change import (
    Asked,
    Change,
    Oversized,
    change_of,
    changes_of,
    check_app,
)
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.demand import UNBOUND, Bounds, policies_of
from hanza.plan.placement.violations import lacks_of
from hanza.plan.policy import Contradiction
from kit.grounds import SMALL, WHOLE, a_candidate, a_ground, a_member

NL = a_ground("s2", country="NL")
HOSTS = [a_candidate("h1"), a_candidate("h2", NL), a_candidate("h3", NL)]
SIZES = [one.capacity for one in HOSTS]
GERMAN, DUTCH = (Policy(countries=frozenset({one})) for one in ("DE", "NL"))
H1, H2 = HostId("h1"), HostId("h2")


def one(known: Policy | None, wanted: Policy | None, host: str = "h1", **said: object) -> Asked:
    was, now = a_member("web", known), a_member("web", wanted)
    return Asked(replace(now, **said), was, HostId(host), SMALL)  # type: ignore[arg-type]


def kinds(*asked: Asked) -> dict[str, str]:
    return {name: change.kind for name, change in changes_of(asked, HOSTS).items()}


def test_what_is_new_what_left_and_what_is_as_it_was() -> None:
    asked = [
        Asked(a_member("a")),
        Asked(a_member("b"), a_member("b"), H1, SMALL),
        Asked(a_member("c"), a_member("c"), H1, SMALL, is_dropped=True),
    ]
    assert kinds(*asked) == {"a": "create", "b": "none", "c": "end"}
    assert change_of(asked[2], HOSTS).says == "no longer in the file"


def test_another_image_or_size_is_another_run_where_there_is_one() -> None:
    spec = replace(a_member("web").spec, image="other", memory_mib=2048)
    changed = one(None, None, spec=spec)
    assert change_of(changed, HOSTS) == Change(
        "replace", "image tiny → other; memory 1024 MiB → 2048 MiB"
    )
    for stands_nowhere in (replace(changed, host=None), replace(changed, is_leaving=True)):
        assert change_of(stands_nowhere, HOSTS).kind == "change"
    off = one(None, None, power="off")
    assert change_of(off, HOSTS) == Change("change", "power on → off")
    assert change_of(one(None, None, zone="z"), HOSTS).says == "in other words"


def test_another_policy_leaves_it_where_it_is_unless_that_is_forbidden_now() -> None:
    assert change_of(one(GERMAN, replace(GERMAN, goals=Goals(price=1))), HOSTS) == Change(
        "change", "another policy"
    )
    assert change_of(one(None, DUTCH), HOSTS) == Change(
        "replace", "s1 is in DE, and its new policy says otherwise"
    )
    assert change_of(one(None, DUTCH, "h2"), HOSTS).kind == "change"
    assert change_of(one(None, DUTCH, "h-gone"), HOSTS).kind == "change"
    assert lacks_of(GERMAN, (a_member("web"), HOSTS[0])) == ()


def crowd(old: Policy, new: Policy, count: int, **more: object) -> list[Asked]:
    return [
        Asked(a_member(f"web-{n}", new), a_member(f"web-{n}", old), H2, SMALL, **more)  # type: ignore[arg-type]
        for n in range(count)
    ]


def test_a_new_spread_moves_the_fewest_that_it_must() -> None:
    apart = Policy(spreads=(Spread("site", 2), Spread("host", 2, is_hard=False)))
    assert kinds(*crowd(Policy(), apart, 2)) == {"web-0": "change", "web-1": "replace"}
    helped = [*crowd(Policy(), apart, 2), Asked(a_member("web-9", apart))]
    assert kinds(*helped) == {"web-0": "change", "web-1": "change", "web-9": "create"}
    assert kinds(*crowd(apart, apart, 2)) == {"web-0": "none", "web-1": "none"}
    ended = crowd(Policy(), apart, 2, is_dropped=True)
    assert set(kinds(*ended).values()) == {"end"}
    said = changes_of(crowd(Policy(), apart, 2), HOSTS)["web-1"].says
    assert said == "too many stand at its site for the new spread"


def test_what_could_never_be_placed_is_refused() -> None:
    large = replace(a_member("db").spec, memory_mib=WHOLE.memory_mib + 1)
    with pytest.raises(Oversized) as refusal:
        check_app([Asked(replace(a_member("db"), spec=large))], SIZES, UNBOUND)
    assert refusal.value.hint == ("the largest host has 4 cpu, 4096 MiB memory and 4096 MiB disk")
    known = replace(a_member("db"), spec=large)
    check_app([Asked(known, known)], SIZES, UNBOUND)
    check_app([Asked(replace(a_member("db"), spec=large))], [], UNBOUND)
    check_app([Asked(replace(a_member("db"), component=None, app=None))], SIZES, UNBOUND)


def test_what_contradicts_the_levels_above_is_refused_and_named() -> None:
    bounds = Bounds(above={("t", "w"): (("tenant t", GERMAN),)})
    with pytest.raises(Contradiction) as refusal:
        check_app([Asked(a_member("db", DUTCH))], SIZES, bounds)
    assert "tenant t says allow DE; db says allow NL" in refusal.value.text
    apart = Bounds(above={("t", "w"): (("workspace w", Policy(spreads=(Spread("site", 2),))),)})
    both = [Asked(a_member(name)) for name in ("web-1", "web-2")]
    check_app(both, SIZES, apart)
    with pytest.raises(Contradiction, match="1 of web cannot stand at 2 different ones"):
        check_app([*both[:1], replace(both[1], is_dropped=True)], SIZES, apart)


def test_a_demand_has_no_home_unless_it_was_given_one() -> None:
    assert Demand("a", SMALL, Policy()).home is None


def test_volumes_come_grow_and_go_where_it_runs_and_stay_when_it_ends() -> None:
    data, grown, log = Disk("data", 64), Disk("data", 96), Disk("log", 8)
    was = replace(a_member("web"), disks=(data,))
    for disks, says in (
        ((data, log), "volume log 8 MiB"),
        ((grown,), "volume data 64 MiB → 96 MiB"),
        ((), "without volume data, which stays"),
    ):
        asked = Asked(replace(was, disks=disks), was, H1, SMALL)
        assert change_of(asked, HOSTS) == Change("change", says)
    left = Asked(was, was, H1, SMALL, is_dropped=True)
    assert change_of(left, HOSTS).says == "no longer in the file; its volumes stay: data"


def test_what_is_too_large_with_its_volumes_is_refused() -> None:
    huge = replace(a_member("web"), disks=(Disk("data", WHOLE.disk_mib),))
    with pytest.raises(Oversized):
        check_app([Asked(huge)], SIZES, UNBOUND)


def test_who_is_to_stand_beside_a_component_begins_anew_where_it_does_not() -> None:
    def beside(over: str, name: str = "db", **said: bool) -> Policy:
        return Policy(besides=(Beside(over, "component", name, **said),))  # type: ignore[arg-type]

    def moved(policy: Policy, host: str = "h1", db: str = "h2") -> str:
        member = replace(a_member("db"), component="db")
        other = Asked(member, member, HostId(db))
        return kinds(other, one(None, policy, host))["web"]

    assert moved(beside("site")) == "replace"
    assert moved(beside("site"), host="h3") == "change"
    assert moved(beside("host"), host="h3") == "replace"
    assert moved(beside("site", is_hard=False)) == "change"
    assert moved(beside("site", "other")) == "change"
    assert moved(beside("site"), db="gone") == "change"
    assert moved(Policy(besides=(Beside("site", "instance", "db"),))) == "change"


def test_a_component_that_the_app_has_not_is_refused() -> None:
    policy = Policy(besides=(Beside("site", "component", "db"),))
    with pytest.raises(Invalid, match="there is no component db to stand beside"):
        check_app([one(None, policy)], SIZES, UNBOUND)


def test_a_spread_over_more_than_there_is_is_refused() -> None:
    def asked(count: int, is_hard: bool = True) -> list[Asked]:
        policy = Policy(spreads=(Spread("site", count, is_hard=is_hard),))
        return [Asked(a_member(f"web-{n}", policy)) for n in range(3)]

    there = There({"site": 2})
    with pytest.raises(Contradiction) as refusal:
        check_app(asked(3), SIZES, UNBOUND, there)
    assert refusal.value.text == ("spread: 3 different by site cannot be: the federation has 2")
    check_app(asked(2), SIZES, UNBOUND, there)
    check_app(asked(3, is_hard=False), SIZES, UNBOUND, there)
    check_app(asked(3), [], UNBOUND, There({"site": 0}))
    above = Bounds(above={("t", "w"): (("tenant t", Policy(spreads=(Spread("host", 2),))),)})
    said = policies_of([one.wanted for one in asked(1)], above)
    assert overs_of(said) == {"host"}, "one is no spread"
    assert overs_of(policies_of([asked(3)[0].wanted], UNBOUND)) == {"site"}
    assert overs_of(policies_of([asked(3, is_hard=False)[0].wanted], UNBOUND)) == set()
