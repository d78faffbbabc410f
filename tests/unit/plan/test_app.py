import pytest

from hanza.model.policy import Near, Point, Policy, Spread
from hanza.plan.app import replicas_of
from hanza.plan.policy import Contradiction

POINTS = tuple(Near(Point(name, 0.0, 0.0)) for name in "abc")


def dealt(replicas: int | None, points: int) -> list[str]:
    found = replicas_of("web", replicas, Policy(near=POINTS[:points]))
    return ["".join(one.point.name for one in policy.near) for _, policy in found]


def test_names_are_counted_only_where_replicas_are() -> None:
    assert [name for name, _ in replicas_of("web", None, Policy())] == ["web"]
    assert [name for name, _ in replicas_of("web", 1, Policy())] == ["web-1"]
    assert [name for name, _ in replicas_of("web", 3, Policy())] == ["web-1", "web-2", "web-3"]


def test_points_are_dealt_in_turn_and_each_is_served() -> None:
    assert dealt(None, 3) == ["abc"]
    assert dealt(2, 3) == ["ac", "b"]
    assert dealt(3, 3) == ["a", "b", "c"]
    assert dealt(4, 2) == ["a", "b", "a", "b"]
    assert dealt(2, 0) == ["", ""]


def test_several_stand_apart_unless_the_policy_says_how() -> None:
    (_, first), _ = replicas_of("web", 2, Policy())
    assert first.spreads == (Spread("site", is_hard=False),)
    own = Policy(spreads=(Spread("provider", 2),))
    assert replicas_of("web", 2, own)[0][1] == own
    assert replicas_of("web", None, Policy())[0][1] == Policy()


def test_fewer_replicas_than_places_is_a_contradiction_unless_it_is_a_wish() -> None:
    with pytest.raises(Contradiction, match="2 of web cannot stand at 3 different ones by site"):
        replicas_of("web", 2, Policy(spreads=(Spread("site", 3),)))
    replicas_of("web", 2, Policy(spreads=(Spread("site", 3, is_hard=False),)))
