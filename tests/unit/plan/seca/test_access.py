"""Roles and assignments are held to what there is."""

from typing import Any

import pytest

from hanza.model.errors import Invalid
from hanza.plan.seca.access import Known, check_assignment, check_role

KNOWN = Known("acme", {"eu", "de"}, {"mallory"}, {"mine"})
GOOD: dict[str, Any] = {"subs": ["ana", "*"], "roles": ["mine", "seca.admin"], "scopes": [{}]}


def a_role(provider: str, *verbs: str) -> dict[str, Any]:
    return {"permissions": [{"provider": provider, "resources": ["*"], "verb": list(verbs)}]}


def test_what_is_known_may_be_allowed() -> None:
    check_role(a_role("seca.compute/v1", "GET", "list", "post.start"))
    check_role(a_role("hanza.federation/v1", "Post"))


@pytest.mark.parametrize(
    "role", [a_role("seca.other/v1", "GET"), a_role("seca.compute/v1", "GET", "CONNECT")]
)
def test_an_unknown_provider_or_verb_is_refused(role: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check_role(role)


def test_what_is_known_may_be_assigned() -> None:
    scope = {"tenants": ["acme"], "regions": ["de", "eu"], "workspaces": ["none-yet"]}
    for policy in ("strict", "deferred"):
        check_assignment(GOOD | {"scopes": [scope, {"tenants": None}]}, KNOWN, policy)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subs": ["ana", "mallory"]}, "spec.subs.1"),
        ({"scopes": [{}, {"tenants": ["rival"]}]}, "spec.scopes.1"),
        ({"scopes": [{"regions": ["fr"]}]}, "spec.scopes.0"),
        ({"roles": ["No Name"]}, "spec.roles.0"),
        ({"roles": ["seca.none"]}, "spec.roles.0"),
    ],
)
def test_what_is_unknown_is_refused_under_both_policies(change: dict[str, Any], field: str) -> None:
    for policy in ("strict", "deferred"):
        with pytest.raises(Invalid) as refused:
            check_assignment(GOOD | change, KNOWN, policy)
        assert refused.value.field == field


def test_an_unknown_role_is_refused_unless_it_may_come_later() -> None:
    spec = GOOD | {"roles": ["later"]}
    check_assignment(spec, KNOWN, "deferred")
    with pytest.raises(Invalid):
        check_assignment(spec, KNOWN, "strict")
