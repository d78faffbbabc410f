"""SEAL levels and reach: what counts, what is unknown, and the smallest step that would help."""

from typing import Any

import pytest

from hanza.model.policy import Policy, Reach, Seal
from hanza.plan.placement.candidate import Ground
from hanza.plan.placement.claims import points_within, seal_of
from hanza.plan.placement.explain import explain
from hanza.plan.policy import tighten
from kit.grounds import AMSTERDAM, LJUBLJANA, a_candidate, a_demand, a_ground


def claims(provider: dict[str, Any], site: dict[str, Any]) -> Ground:
    return a_ground(
        provider_attributes={name: (value,) for name, value in provider.items()},
        site_attributes={name: (value,) for name, value in site.items()},
    )


@pytest.mark.parametrize(
    ("provider", "site", "objective", "level"),
    [
        ({"seal": "3"}, {"seal": "2"}, "", 2),
        ({"seal": "2"}, {"seal": "3"}, "", 2),
        ({"seal": "3"}, {}, "", None),
        ({}, {"seal": "3"}, "", None),
        ({"seal": "unknown"}, {"seal": "3"}, "", None),
        ({"seal": "very"}, {"seal": "3"}, "", None),
        ({"seal": "7"}, {"seal": "3"}, "", None),
        ({"seal": "1", "seal_sov_3": "4"}, {"seal": "3"}, "sov_3", 3),
        ({"seal": "1"}, {"seal": "3"}, "sov_3", 1),
    ],
)
def test_a_level_is_the_lower_of_provider_and_site_and_never_guessed(
    provider: dict[str, Any], site: dict[str, Any], objective: str, level: int | None
) -> None:
    assert seal_of(claims(provider, site), Seal(objective, 1)) == level


def test_of_several_levels_that_are_claimed_the_lowest_counts() -> None:
    both = a_ground(provider_attributes={"seal": ("4", "2")}, site_attributes={"seal": ("3",)})
    assert seal_of(both, Seal("", 0)) == 2


def test_who_lacks_a_level_is_told_which_and_what_would_help() -> None:
    low, unknown = claims({"seal": "2"}, {"seal": "3"}), claims({"seal": "3"}, {})
    hosts = [
        a_candidate("h1", low),
        a_candidate("h2", a_ground("s2", provider_attributes=unknown.provider_attributes)),
    ]
    found = explain(a_demand(Policy(seals=(Seal("", 3), Seal("sov_1", 2)))), hosts)
    assert found.sentence == (
        "none of 2 hosts may run it: 2 below level 3 of SEAL, 1 below level 2 of SOV-1"
    )
    texts = {lack.text for loser in found.losers for lack in loser.lacks}
    assert texts == {
        "has level 2 of SEAL",
        "has an unknown level of SEAL",
        "has an unknown level of SOV-1",
    }
    assert [one.text for one in found.relaxations] == ["level 2 of SEAL instead of 3"]
    alone = explain(a_demand(Policy(seals=(Seal("", 3),))), hosts[1:])
    assert [one.text for one in alone.relaxations] == ["do not ask for a level of SEAL"]


def test_the_higher_of_two_levels_holds() -> None:
    both = tighten(Policy(seals=(Seal("", 2), Seal("sov_1", 1))), Policy(seals=(Seal("", 1),)))
    assert both.seals == (Seal("", 2), Seal("sov_1", 1))


@pytest.mark.parametrize(
    ("points", "percent", "wanted"), [(10, 90, 9), (3, 90, 3), (4, 50, 2), (3, 1, 1), (7, 100, 7)]
)
def test_a_percentile_of_points_is_counted_by_nearest_rank(
    points: int, percent: int, wanted: int
) -> None:
    assert Reach((LJUBLJANA,) * points, 20, percent).wanted == wanted


def test_so_many_points_have_to_be_within_the_limit_measured_or_with_the_margin() -> None:
    near_both = a_ground("s1", rtts={LJUBLJANA: 4.0, AMSTERDAM: 18.0})
    near_one = a_ground("s2", rtts={LJUBLJANA: 4.0})
    reach = Reach((LJUBLJANA, AMSTERDAM), 10, 50)
    assert [points_within(one, reach, 10) for one in (near_both, near_one)] == [1, 1]
    hosts = [a_candidate("h1", near_both), a_candidate("h2", near_one)]
    assert explain(a_demand(Policy(reaches=(reach,))), hosts).may == 2
    every = Policy(reaches=(Reach((LJUBLJANA, AMSTERDAM), 10),))
    found = explain(a_demand(every), hosts)
    assert found.sentence == "none of 2 hosts may run it: 2 not within 10 ms of 2 of 2 points"
    assert found.losers[0].lacks[0].text == "is within 10 ms of 1 of 2 points"
    assert [(one.text, one.hosts) for one in found.relaxations] == [
        ("1 of 2 points within 10 ms instead of 2", 2),
        ("+8 ms to 2 of 2 points", 1),
    ]


def test_where_no_point_is_near_only_time_helps() -> None:
    hosts = [a_candidate("h1", a_ground(rtts={LJUBLJANA: 30.0}))]
    found = explain(a_demand(Policy(reaches=(Reach((LJUBLJANA,), 10),))), hosts)
    assert [one.text for one in found.relaxations] == ["+20 ms to 1 of 1 points"]


def test_two_reaches_both_hold() -> None:
    one, other = Reach((LJUBLJANA,), 10), Reach((LJUBLJANA,), 20)
    assert tighten(Policy(reaches=(one,)), Policy(reaches=(other, one))).reaches == (one, other)
