"""Policies as they travel: every member refuses what it does not mean, and nothing is lost."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from hanza.model.errors import Invalid
from hanza.model.policy import (
    PRESETS,
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
from hanza.plan.countries import SETS
from hanza.wire.places import load_carbon, load_cities
from hanza.wire.policy_shape import PolicyDoc
from hanza.wire.policy_v1 import (
    policy_from_doc,
    policy_from_json,
    policy_to_doc,
    policy_to_json,
)
from kit.grounds import policies


def read(document: dict[str, Any]) -> Policy:
    return policy_from_doc(msgspec.convert(document, PolicyDoc), load_cities().find)


def test_every_member_says_what_it_says() -> None:
    policy = read(
        {
            "residency": {"allow": ["EU", "CH"], "deny": ["HU"]},
            "regions": ["de", "nl"],
            "providers": {"allow": ["kontora"], "deny": ["elsewhere"]},
            "classes": ["micro_dc"],
            "require": [
                {"provider": "control_by_third_country", "is": "none"},
                {"provider": "certifications", "all": ["iso_27001", "bsi_c5"]},
                {"site": "tier", "any": ["3", "4"]},
            ],
            "near": [
                "ljubljana",
                {"city": "Amsterdam, NL", "maxMs": 25},
                {"latitude": 46.5, "longitude": 14},
                {"latitude": 1, "longitude": 2, "name": "home"},
            ],
            "spread": [{"over": "site", "min": 2}, {"over": "provider", "prefer": True}],
            "goals": "balanced",
            "caps": {"price": 30.5, "carbon": 300},
            "moves": "never",
        }
    )
    assert policy.countries == SETS["EU"].members | {"CH"}
    assert policy.countries_denied == {"HU"}
    assert (policy.regions, policy.classes) == ({"de", "nl"}, {"micro_dc"})
    assert (policy.providers, policy.providers_denied) == ({"kontora"}, {"elsewhere"})
    assert policy.requirements == (
        Requirement("provider", "control_by_third_country", "is", frozenset({"none"})),
        Requirement("provider", "certifications", "all", frozenset({"iso_27001", "bsi_c5"})),
        Requirement("site", "tier", "any", frozenset({"3", "4"})),
    )
    assert [(one.point.name, one.rtt_ms_max) for one in policy.near] == [
        ("Ljubljana, SI", None),
        ("Amsterdam, NL", 25),
        ("46.5, 14", None),
        ("home", None),
    ]
    assert policy.spreads == (Spread("site", 2), Spread("provider", is_hard=False))
    assert policy.goals == PRESETS["balanced"]
    assert (policy.price_max, policy.carbon_max) == (30_500_000, 300)


def test_levels_reach_company_and_what_is_short_for_a_requirement() -> None:
    policy = read(
        {
            "certificates": ["bsi_c5"],
            "capabilities": ["gpu", "vm"],
            "families": ["general", "memory"],
            "data": ["personal"],
            "seal": {"overall": 2, "sov_3": 3},
            "reach": [{"of": ["Graz", {"city": "Linz"}], "maxMs": 20, "percent": 90}],
            "with": [
                {"over": "site", "component": "db"},
                {"over": "host", "volume": "web-1/data", "prefer": True},
            ],
            "goals": "greenest",
        }
    )
    assert policy.requirements == (
        Requirement("provider", "certifications", "all", frozenset({"bsi_c5"})),
        Requirement("site", "capabilities", "all", frozenset({"gpu", "vm"})),
        Requirement("site", "sku_families", "any", frozenset({"general", "memory"})),
    )
    assert policy.data == {"personal"}
    assert policy.seals == (Seal("", 2), Seal("sov_3", 3))
    find = load_cities().find
    graz, linz = find("Graz", "f"), find("Linz", "f")
    assert policy.reaches == (Reach((graz, linz), 20, 90),)
    assert policy.besides == (
        Beside("site", "component", "db"),
        Beside("host", "volume", "web-1/data", is_hard=False),
    )
    assert policy.goals == Goals(carbon=1)
    assert policy_from_json(policy_to_json(policy)) == policy


def test_short_forms_and_the_region_of_all() -> None:
    assert read({"residency": ["DE"]}) == Policy(countries=frozenset({"DE"}))
    assert read({"regions": ["de", "eu"]}) == Policy()
    assert read({"goals": {"price": 2, "carbon": 1}}) == Policy(goals=Goals(price=2, carbon=1))
    weighed = read({"goals": {"price": 1, "room": 2}})
    assert weighed == Policy(goals=Goals(price=1, room=2))
    assert policy_from_json(policy_to_json(weighed)) == weighed
    assert read({"goals": "roomiest"}).goals == Goals(room=1)
    assert read({"residency": {"deny": ["HU"]}}).countries is None
    assert read({"seal": 3}) == Policy(seals=(Seal("", 3),))
    assert read({"reach": [{"of": ["Graz"], "maxMs": 9}]}).reaches[0].percent == 100
    assert read({}) == Policy()


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"residency": ["DE", "Atlantis"]}, "residency[1]"),
        ({"residency": {"deny": ["xx"]}}, "residency.deny[0]"),
        ({"regions": ["DE"]}, "regions[0]"),
        ({"regions": ["d1"]}, "regions[0]"),
        ({"providers": {"deny": ["No Name"]}}, "providers.deny[0]"),
        ({"classes": ["Big"]}, "classes[0]"),
        ({"require": [{"is": "x"}]}, "require[0]"),
        ({"require": [{"provider": "a", "site": "b", "is": "x"}]}, "require[0]"),
        ({"require": [{"provider": "a"}]}, "require[0]"),
        ({"require": [{"provider": "a", "is": "x", "any": "y"}]}, "require[0]"),
        ({"require": [{"provider": "A B", "is": "x"}]}, "require[0].provider"),
        ({"require": [{"provider": "a", "is": ["\n"]}]}, "require[0].is"),
        ({"near": ["Atlantis"]}, "near[0]"),
        ({"near": [{"city": "Atlantis"}]}, "near[0].city"),
        ({"near": [{"city": "Graz", "latitude": 1}]}, "near[0]"),
        ({"near": [{"latitude": 1}]}, "near[0]"),
        ({"near": [{"latitude": 91, "longitude": 1}]}, "near[0].latitude"),
        ({"near": [{"latitude": 1, "longitude": 1, "name": ""}]}, "near[0].name"),
        ({"spread": [{"over": "site"}]}, "spread[0]"),
        ({"goals": "best"}, "goals"),
        ({"certificates": ["\n"]}, "certificates[0]"),
        ({"reach": [{"of": ["Graz", "Atlantis"], "maxMs": 9}]}, "reach[0].of[1]"),
        ({"reach": [{"of": ["Graz", "Graz, AT"], "maxMs": 9}]}, "reach[0].of"),
        ({"reach": [{"of": [{"latitude": 1}], "maxMs": 9}]}, "reach[0].of[0]"),
        ({"with": [{"over": "site"}]}, "with[0]"),
        ({"with": [{"over": "site", "instance": "a", "volume": "b"}]}, "with[0]"),
        ({"with": [{"over": "site", "instance": "a/b"}]}, "with[0].instance"),
        ({"with": [{"over": "site", "volume": "a/b/c"}]}, "with[0].volume"),
    ],
)
def test_what_is_wrong_is_named(document: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(document)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "document",
    [
        {"residancy": ["DE"]},
        {"residency": []},
        {"residency": "DE"},
        {"spread": [{"over": "street", "min": 1}]},
        {"spread": [{"over": "site", "min": 0}]},
        {"near": [{"city": "Graz", "maxMs": 0}]},
        {"near": [1]},
        {"caps": {"price": -1}},
        {"caps": {"price": float("nan")}},
        {"caps": {"price": float("inf")}},
        {"seal": 5},
        {"seal": {"sov_9": 1}},
        {"reach": [{"of": [], "maxMs": 9}]},
        {"reach": [{"of": ["Graz"], "maxMs": 9, "percent": 101}]},
        {"reach": [{"of": ["Graz"]}]},
        {"with": [{"instance": "a"}]},
        {"goals": {"price": -1}},
        {"near": ["Graz"] * 17},
    ],
)
def test_what_has_the_wrong_shape_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(document)


@given(policies)
def test_what_is_kept_is_what_was_said(policy: Policy) -> None:
    assert policy_from_json(msgspec.json.decode(msgspec.json.encode(policy_to_json(policy)))) == (
        policy
    )
    assert policy_from_doc(policy_to_doc(policy), load_cities().find) == policy


def test_nothing_is_kept_as_nothing_and_cities_are_kept_as_points() -> None:
    assert policy_to_json(None) is None
    assert policy_from_json(None) is None
    with pytest.raises(Invalid):
        policy_from_json({"near": ["Graz"]})
    point = Point("Graz, AT", 47.06667, 15.45)
    assert policy_to_json(Policy(near=(Near(point),))) == {
        "near": [{"name": "Graz, AT", "latitude": 47.06667, "longitude": 15.45}]
    }


def test_cities_are_found_whatever_the_case_and_the_accents() -> None:
    find = load_cities().find
    assert find("malaga", "f") == find("Málaga, ES", "f")
    assert find("FRANKFURT AM MAIN", "f").name == "Frankfurt am Main, DE"
    assert find("London", "f").name == "London, GB", "the largest of its name"
    with pytest.raises(Invalid) as refusal:
        find("Lubljana", "near[0]")
    assert refusal.value.hint == "perhaps Ljubljana, SI"
    with pytest.raises(Invalid) as refusal:
        find("x" * 10_000, "near[0]")
    assert len(refusal.value.text) < 200


def test_grids_are_known_by_country() -> None:
    assert load_carbon()["AT"] == 102.62
    assert "US" not in load_carbon()
