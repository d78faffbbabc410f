"""What the federation cannot give, said before anything waits for it."""

import pytest

from hanza.model.policy import Near, Point, Policy, Reach, Spread
from hanza.plan.beyond import NOT_LOOKED, There, is_met, overs_of, refuse_beyond, too_far
from hanza.plan.contradictions import Contradiction
from hanza.plan.doubts import doubts_of_limits

LJUBLJANA, MARIBOR = Point("si-lj-1", 46.05, 14.51), Point("si-mb-1", 46.55, 15.65)
LISBON, GRAZ = Point("Lisbon, PT", 38.72, -9.14), Point("Graz, AT", 47.07, 15.44)
SITES = (LJUBLJANA, MARIBOR)


def refused(policy: Policy, there: There, members: int = 1) -> str:
    with pytest.raises(Contradiction) as refusal:
        refuse_beyond(policy, there, members)
    assert refusal.value.hint == "ask for less, or again when more have joined"
    return refusal.value.text


def test_a_limit_that_light_from_no_site_meets_is_named_with_the_nearest() -> None:
    policy = Policy(near=(Near(LISBON, 5), Near(GRAZ)))
    assert refused(policy, There({}, SITES)) == (
        "near: Lisbon, PT within 5 ms cannot be: light in fibre needs 20 ms from si-lj-1,"
        " and no site is nearer"
    )
    refuse_beyond(policy, NOT_LOOKED)
    refuse_beyond(Policy(near=(Near(LISBON, 20), Near(GRAZ, 1))), There({}, SITES))
    assert is_met(Near(LISBON), MARIBOR), "what is no limit is met by all"
    assert doubts_of_limits([policy], SITES) == (
        *(
            f"{one}, so nothing is placed by it until others have joined"
            for one in too_far(policy, SITES)
        ),
    )
    assert len(doubts_of_limits([policy], SITES)) == 1


def test_a_reach_that_light_from_no_site_has_is_named_with_the_most() -> None:
    there = There({}, SITES)
    points = (LISBON, GRAZ)
    assert refused(Policy(reaches=(Reach(points, 5, 100),)), there) == (
        "reach: 2 of 2 points within 5 ms cannot be: light in fibre reaches 1 from any site"
    )
    refuse_beyond(Policy(reaches=(Reach(points, 5, 50),)), there)


@pytest.mark.parametrize(
    ("members", "share", "is_fine"), [(10, 10, False), (10, 20, True), (5, 1, True), (6, 1, False)]
)
def test_a_share_needs_as_many_as_it_leaves_over(members: int, share: int, is_fine: bool) -> None:
    policy = Policy(spreads=(Spread("provider", None, share), Spread("site", 9, is_hard=False)))
    there = There({"provider": 5, "site": 2})
    assert overs_of([policy]) == {"provider"}
    if is_fine:
        refuse_beyond(policy, there, members)
    else:
        assert refused(policy, there, members) == (
            f"spread: {members} with no more than 1 in one provider cannot be: the federation has"
            " 5 different by provider"
        )
    refuse_beyond(policy, There({"provider": 0}), members)
