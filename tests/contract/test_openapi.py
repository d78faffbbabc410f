"""The published documents say what the standard says, and what is served is what they say.

That the answers are those of the documents is tried by `tests/fuzz`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hanza.api.calls import Answer
from hanza.api.openapi import (
    NAME,
    PERMISSION,
    documents,
    federation_document,
    file_name,
    is_standard,
)
from hanza.api.route import OPERATOR, PUBLIC, Route
from hanza.api.routes import BASE, ROUTES
from hanza.api.told import BEGUN, says
from hanza.api.watching import WATCHED
from hanza.boot import generate
from hanza.model.errors import Bug, Refusal
from hanza.wire.problems import BY_HTTP, STATUSES, codes_by_status
from hanza.wire.seca import openapi as standard
from kit.openapi_facts import facts_of

GOLDEN = Path(__file__).parent / "golden" / "seca_v1.json"
"""Facts of a reconstruction of SECA v1.7, taken out of it by `kit.openapi_facts`."""
PAGES = Path(__file__).parents[2] / "docs" / "reference" / "openapi"
STANDARD: dict[str, Any] = json.loads(GOLDEN.read_text())
DOCUMENTS = documents()
OURS = {name: facts_of(document) for name, document in standard.documents().items()}
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


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, whole path, operation."""
    base = document["servers"][0]["url"].rstrip("/")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), base + path, operation


def test_what_is_served_is_what_is_described_and_nothing_else() -> None:
    described: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for name, document in DOCUMENTS.items():
        for method, path, _ in operations_of(document):
            described[name != NAME].add((method, path))
    watched = {("GET", one.path) for one in WATCHED}
    for is_theirs, more in ((True, set()), (False, watched)):
        own = {(it.method, it.path) for it in ROUTES if is_standard(it.path) == is_theirs}
        assert own | more == described[is_theirs]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_one(name: str) -> None:
    OpenAPIV31SpecValidator(DOCUMENTS[name]).validate()


def test_a_route_that_does_not_say_what_it_takes_and_gives_fails() -> None:
    @says(BEGUN)
    def told(_: Any) -> Answer:
        return Answer(202)

    def silent(_: Any) -> Answer:
        return Answer(202)

    good = Route("POST", f"{BASE}/things", told, OPERATOR)
    assert f"{BASE}/things" in federation_document([good])["paths"]
    with pytest.raises(Bug, match="does not say what it takes and gives"):
        federation_document([Route("POST", f"{BASE}/things", silent, OPERATOR)])


def test_operations_have_names_of_their_own() -> None:
    for document in DOCUMENTS.values():
        names = [operation["operationId"] for _, _, operation in operations_of(document)]
        assert len(names) == len(set(names))


def test_each_operation_says_whom_it_is_for_as_the_gate_decides() -> None:
    said = {
        (method, path): operation
        for document in DOCUMENTS.values()
        for method, path, operation in operations_of(document)
    }
    for route in ROUTES:
        operation = said[route.method, route.path]
        permission, right = operation[PERMISSION], route.right
        if right is None:
            assert permission == {"standing": route.permission}
        else:
            assert permission == {
                "provider": right.provider,
                "resource": right.resource,
                "verb": right.verb,
            }
        assert (operation.get("security") == []) == (route.permission == PUBLIC)


def test_every_refusal_of_a_plane_has_its_status_in_the_one_table() -> None:
    generate.errors_page()  # imports whatever has errors
    rooms = ("model", "plan", "wire", "store", "api", "engine")
    ours = {
        kind.code
        for kind in _below(Refusal)
        if kind.__module__.split(".")[1] in rooms and "code" in vars(kind)
    }
    inside = {"manifest.nothing_new"}
    inside |= {"release.archive", "release.no_consent", "release.not_for_here"}  # an agent's
    assert {kind.code for kind in STATUSES} == ours - inside
    codes = codes_by_status()
    schemas = DOCUMENTS[NAME]["components"]["schemas"]
    for status, known in codes.items():
        schema = schemas[f"Refusal{status}"]
        assert set(schema["allOf"][1]["properties"]["code"]["enum"]) == known.keys()
    assert BY_HTTP.keys() <= codes.keys()


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_published_page_is_that_of_the_code(name: str) -> None:
    page = PAGES / file_name(name, DOCUMENTS[name])
    assert json.loads(page.read_text()) == DOCUMENTS[name]


def test_nothing_else_is_published() -> None:
    names = {file_name(name, document) for name, document in DOCUMENTS.items()}
    assert {path.name for path in PAGES.iterdir()} == names


def test_every_reference_inside_a_document_leads_somewhere() -> None:
    for document in DOCUMENTS.values():
        parts = document["components"]
        for part, name in re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(document)):
            assert name in parts[part]
