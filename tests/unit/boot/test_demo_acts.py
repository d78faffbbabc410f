"""Moving the demo's rule keeps whatever else the policy says."""

import pytest

from hanza.boot.demo.acts import moved

NEAR = {"near": [{"name": "Split", "latitude": 43.5, "longitude": 16.4}]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"residency": {"deny": ["DE"]}}),
        ({"residency": {"deny": ["DE"]}}, {"residency": {"deny": ["DE"]}}),
        (
            {"residency": {"allow": ["DE", "HR"], "deny": ["FR"]}, **NEAR},
            {"residency": {"allow": ["DE", "HR"], "deny": ["FR", "DE"]}, **NEAR},
        ),
    ],
)
def test_a_country_is_denied_once(before: dict[str, object], after: dict[str, object]) -> None:
    assert moved(before, "DE", is_back=False) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"residency": {"deny": ["DE"]}}, {}),
        ({"residency": {"deny": ["DE", "FR"]}, **NEAR}, {"residency": {"deny": ["FR"]}, **NEAR}),
        ({"residency": {"allow": ["HR"], "deny": ["DE"]}}, {"residency": {"allow": ["HR"]}}),
    ],
)
def test_what_it_was_comes_back(before: dict[str, object], after: dict[str, object]) -> None:
    assert moved(before, "DE", is_back=True) == after
