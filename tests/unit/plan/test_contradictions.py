"""What nothing could ever satisfy is refused, by the rule's name, with who says what."""

import pytest

from hanza.model.policy import Beside, Near, Point, Policy, Reach, Requirement, Spread
from hanza.plan.contradictions import Contradiction, places_left, refuse_too_narrow
from hanza.plan.nearness import LIGHT_IN_FIBRE_KM_PER_MS, distance_km, least_between_ms
from hanza.plan.policy import effective
from kit.grounds import AMSTERDAM, LJUBLJANA

LISBON = Point("Lisbon, PT", 38.72, -9.14)
GRAZ = Point("Graz, AT", 47.07, 15.44)
CERTS = "provider.certifications"


def certs(how: str, *values: str) -> Requirement:
    return Requirement("provider", "certifications", how, frozenset(values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (
            Policy(near=(Near(LJUBLJANA, 5), Near(LISBON, 5))),
            "near: light in fibre needs 20 ms between Ljubljana, SI and Lisbon, PT, more than"
            " 5 ms and 5 ms together: web says Ljubljana, SI within 5 ms, Lisbon, PT within 5 ms",
        ),
        (
            Policy(reaches=(Reach((LJUBLJANA, GRAZ, LISBON, AMSTERDAM), 2, 75),)),
            "reach: light in fibre reaches no more than 2 of 4 points within 2 ms from anywhere:"
            " web says 3 of 4 points within 2 ms",
        ),
        (
            Policy(spreads=(Spread("provider", 3),), providers=frozenset({"a", "b"})),
            "spread: 3 different by provider cannot be: 2 are allowed: web says 3 different by"
            " provider, allow a, b",
        ),
        (
            Policy(spreads=(Spread("country", 2),), countries=frozenset({"DE"})),
            "spread: 2 different by country cannot be: 1 is allowed: web says 2 different by"
            " country, allow DE",
        ),
        (
            Policy(
                spreads=(Spread("country", 2),),
                regions=frozenset({"de", "nl"}),
                countries_denied=frozenset({"NL"}),
            ),
            "spread: 2 different by country cannot be: 1 is allowed: web says 2 different by"
            " country, deny NL, regions de, nl",
        ),
        (Policy(price_max=0), "price: nothing costs 0 euro: web says no more than 0 euro"),
        (
            Policy(requirements=(certs("is", "a"), certs("all", "a", "b"))),
            "attribute: nothing is left of what the policy allows: web says"
            f" {CERTS} is a, {CERTS} has a and b",
        ),
        (
            Policy(requirements=(certs("is", "a"), certs("any", "b", "c"))),
            "attribute: nothing is left of what the policy allows: web says"
            f" {CERTS} is a, {CERTS} has b or c",
        ),
        (
            Policy(spreads=(Spread("provider", 2),), besides=(Beside("site", "volume", "data"),)),
            "with: 2 different by provider cannot be: all are to stand at the site of volume data:"
            " web says 2 different by provider, at the site of volume data",
        ),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_in_words(policy: Policy, text: str) -> None:
    with pytest.raises(Contradiction) as refusal:
        effective([("tenant", Policy()), ("web", policy)])
    assert refusal.value.code == "policy.contradiction"
    assert refusal.value.text == text


@pytest.mark.parametrize(
    "policy",
    [
        Policy(near=(Near(LJUBLJANA, 11), Near(LISBON, 11))),
        Policy(near=(Near(LJUBLJANA, 1), Near(LISBON))),
        Policy(reaches=(Reach((LJUBLJANA, GRAZ, LISBON, AMSTERDAM), 2, 50),)),
        Policy(spreads=(Spread("provider", 2),), providers=frozenset({"a", "b"})),
        Policy(spreads=(Spread("provider", 9, is_hard=False),), providers=frozenset({"a"})),
        Policy(spreads=(Spread("site", 400), Spread("country", 30)), price_max=1),
        Policy(requirements=(certs("is", "a", "b"), certs("all", "a"), certs("any", "b", "c"))),
        Policy(spreads=(Spread("host", 2),), besides=(Beside("site", "instance", "db"),)),
        Policy(spreads=(Spread("site", 2),), besides=(Beside("site", "component", "db"),)),
        Policy(
            spreads=(Spread("site", 2),), besides=(Beside("site", "instance", "db", is_hard=False),)
        ),
        Policy(spreads=(Spread("site", 1),), besides=(Beside("site", "instance", "db"),)),
    ],
)
def test_what_might_be_is_not_refused(policy: Policy) -> None:
    assert effective([("web", policy)])


def test_whoever_says_it_is_named_and_nobody_else() -> None:
    levels = [
        ("tenant acme", Policy(near=(Near(LJUBLJANA, 5),))),
        ("workspace demo", Policy(countries=frozenset({"SI"}))),
        ("web", Policy(near=(Near(LISBON, 5),))),
    ]
    with pytest.raises(Contradiction) as refusal:
        effective(levels)
    assert "tenant acme says Ljubljana" in refusal.value.text
    assert "workspace demo" not in refusal.value.text


def test_points_that_are_still_to_be_dealt_need_not_be_met_from_one_place() -> None:
    far = Policy(near=(Near(LJUBLJANA, 5), Near(LISBON, 5)))
    assert effective([("the app", far)], is_dealt=False) == far


def test_light_needs_no_less_by_way_of_any_place_than_it_is_said_to() -> None:
    straight = 2 * distance_km(LJUBLJANA.latitude, LJUBLJANA.longitude, LISBON)
    least = least_between_ms(LJUBLJANA, LISBON)
    assert 0 < least < straight / LIGHT_IN_FIBRE_KM_PER_MS
    assert least_between_ms(LJUBLJANA, LJUBLJANA) == 0


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_share_that_so_few_places_cannot_keep_is_refused_where_the_count_is_known(
    count: int,
) -> None:
    policy = Policy(spreads=(Spread("provider", None, 30),), providers=frozenset({"a", "b"}))
    if count < 3:
        refuse_too_narrow("web", count, policy)
        return
    with pytest.raises(Contradiction) as refusal:
        refuse_too_narrow("web", count, policy)
    assert refusal.value.text == (
        "spread: 4 of web cannot stand with no more than 1 in one provider: 2 are allowed"
    )
    refuse_too_narrow("web", count, Policy(spreads=(Spread("provider", None, 30),)))


def test_what_nobody_can_know_is_not_counted() -> None:
    assert places_left(Policy(), "country") is None
    assert places_left(Policy(providers_denied=frozenset({"a"})), "provider") is None
    assert places_left(Policy(providers=frozenset({"a"})), "site") is None
