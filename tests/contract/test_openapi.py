"""The published documents say what the standard says, and what is served is what they say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hanza.api.route import Route
from hanza.api.routes import ROUTES
from hanza.wire.seca.openapi import documents, version_of
from kit.openapi_facts import facts_of

GOLDEN = Path(__file__).parent / "golden" / "seca_v1.json"
"""Facts of a reconstruction of SECA v1.7, taken out of it by `kit.openapi_facts`."""
PAGES = Path(__file__).parents[2] / "docs" / "reference" / "openapi"
STANDARD: dict[str, Any] = json.loads(GOLDEN.read_text())
OURS = {name: facts_of(document) for name, document in documents().items()}
_ROLES = "/v1/tenants/{tenant}/roles/{name}"
_VERB = "spec.permissions![].verb![]"
_INSIDE = "/v1/tenants/{tenant}/workspaces/{workspace}"
_PORT = {"minimum": 1, "maximum": 65535}
OTHERWISE = {
    "seca.authorization": {_ROLES: {_VERB: {"minLength": 1, "maxLength": 12}}},
    "seca.network": {
        f"{_INSIDE}/security-group-rules/{{name}}": {
            "spec.ports.from": _PORT,
            "spec.ports.to": _PORT,
        },
        f"{_INSIDE}/security-groups/{{name}}": {
            "spec.rules[].ports.from": _PORT,
            "spec.rules[].ports.to": _PORT,
        },
    },
}
"""Where the standard's schema is not all of it: the verb `post.restart` of its words does not fit,
and its own tests refuse ports that are none."""
MORE = {"GET": {"404"}, "PUT": {"413"}, "DELETE": set(), "POST": {"412"}}
"""Refusals that the standard does not list and that are needed all the same: a list in a region
that is none, a body that is too large, an action on what is in that power already."""


def test_every_provider_of_ours_is_one_of_the_standards() -> None:
    assert OURS.keys() == STANDARD.keys()


@pytest.mark.parametrize("provider", sorted(STANDARD))
def test_operations_and_their_good_answers_are_the_standards(provider: str) -> None:
    ours, theirs = OURS[provider]["operations"], STANDARD[provider]["operations"]
    assert ours.keys() == theirs.keys()
    for name, operation in ours.items():
        assert (operation["id"], operation["good"]) == (theirs[name]["id"], theirs[name]["good"])
        surplus = set(operation["refused"]) - set(theirs[name]["refused"])
        assert surplus <= MORE[name.split()[0]], name


@pytest.mark.parametrize("provider", sorted(STANDARD))
def test_members_and_limits_are_the_standards(provider: str) -> None:
    theirs = {path: dict(facts) for path, facts in STANDARD[provider]["specs"].items()}
    for path, facts in OTHERWISE.get(provider, {}).items():
        theirs[path] |= facts
    assert OURS[provider]["specs"] == theirs


def test_what_is_served_is_what_is_described_and_nothing_else() -> None:
    described = set()
    for document in documents().values():
        base = document["servers"][0]["url"].rstrip("/")
        for path, methods in document["paths"].items():
            described |= {(method.upper(), base + path) for method in methods}
    served = {(route.method, route.path) for route in ROUTES if is_standard(route)}
    assert served == described


def is_standard(route: Route) -> bool:
    return re.search(r"/providers/seca\.|^/\.wellknown/", route.path) is not None


@pytest.mark.parametrize("provider", sorted(documents()))
def test_the_published_page_is_that_of_the_code(provider: str) -> None:
    page = PAGES / f"{provider}.{version_of(documents()[provider])}.json"
    assert json.loads(page.read_text()) == documents()[provider]


def test_every_reference_inside_a_document_leads_somewhere() -> None:
    for document in documents().values():
        named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
        assert named <= document["components"]["schemas"].keys()
