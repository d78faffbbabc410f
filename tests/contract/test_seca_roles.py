"""Roles and role assignments over HTTP: what is refused, and what may come later."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanza.api.routes import BASE
from kit.apis import OPERATOR
from kit.standard import Asker, askers
from kit.standard_kinds import a_role, an_assignment

HERE = "/providers/seca.authorization/v1/tenants"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Asker, Asker]]:
    folder: Path = tmp_path_factory.mktemp("api")
    with askers(folder, {"berlin": "DE"}) as found:
        yield found


@pytest.fixture
def ana(both: tuple[Asker, Asker]) -> Asker:
    return both[0]


def roles(one: Asker) -> str:
    return f"{HERE}/{one.tenant}/roles"


def assignments(one: Asker) -> str:
    return f"{HERE}/{one.tenant}/role-assignments"


def permission(**change: Any) -> dict[str, Any]:
    return {"permissions": [a_role()["permissions"][0] | change]}


@pytest.mark.parametrize(
    "spec",
    [
        permission(provider="p" * 65),
        permission(provider=""),
        permission(provider="seca.unknown/v1"),
        permission(provider="seca.compute"),
        permission(resources=[]),
        permission(resources=["r"] * 257),
        permission(resources=["r" * 257]),
        permission(resources=[""]),
        permission(verb=[]),
        permission(verb=["GET"] * 17),
        permission(verb=["GETTING-ON"]),
        permission(verb=[""]),
        permission(verb=["CONNECT"]),
        permission(verb=["post.explode"]),
        {"permissions": []},
        {"permissions": a_role()["permissions"] * 257},
        {},
    ],
)
def test_a_role_that_cannot_be_is_refused(ana: Asker, spec: dict[str, Any]) -> None:
    assert ana.put(f"{roles(ana)}/wrong", spec).status_code == 412


def test_verbs_are_taken_in_either_case(ana: Asker) -> None:
    for number, verb in enumerate(("get", "GET", "LIST", "Put", "delete", "POST", "post.restart")):
        assert ana.put(f"{roles(ana)}/r{number}", a_role(verb)).status_code == 201
    ours = a_role(provider="hanza.federation/v1")
    assert ana.put(f"{roles(ana)}/ours", ours).status_code == 201


def test_the_federations_own_roles_stay_as_they_are(ana: Asker) -> None:
    for name in ("seca.admin", "seca.anything", "hanza.auditor", "hanza.anything"):
        assert ana.put(f"{roles(ana)}/{name}", a_role()).status_code == 412
        assert ana.ask("DELETE", f"{roles(ana)}/{name}").status_code == 412


def scope(**change: Any) -> dict[str, Any]:
    return {"scopes": [an_assignment()["scopes"][0] | change]}


@pytest.mark.parametrize(
    "change",
    [
        {"subs": ["s" * 129]},
        {"subs": [""]},
        {"subs": []},
        {"subs": ["s"] * 257},
        {"roles": ["r" * 65]},
        {"roles": [""]},
        {"roles": []},
        {"roles": ["seca.admin"] * 33},
        {"roles": ["none"]},
        {"roles": ["seca.none"]},
        {"roles": ["No Name"]},
        {"scopes": []},
        {"scopes": [{}] * 257},
        scope(tenants=["t" * 65]),
        scope(tenants=[""]),
        scope(tenants=["acme"] * 65),
        scope(tenants=["none"]),
        scope(tenants=["rival"]),
        scope(regions=["r" * 65]),
        scope(regions=[""]),
        scope(regions=["de"] * 65),
        scope(regions=["fr"]),
        scope(workspaces=["w" * 65]),
        scope(workspaces=[""]),
        scope(workspaces=["w"] * 257),
    ],
)
def test_an_assignment_that_cannot_be_is_refused(ana: Asker, change: dict[str, Any]) -> None:
    spec = an_assignment() | change
    assert ana.put(f"{assignments(ana)}/wrong", spec).status_code == 412


def test_a_role_that_is_not_there_is_as_the_tenant_has_chosen(both: tuple[Asker, Asker]) -> None:
    ana, bob = both
    assert ana.put(f"{assignments(ana)}/mine", an_assignment("later")).status_code == 412
    assert ana.put(f"{roles(ana)}/later", a_role()).status_code == 201
    assert ana.put(f"{assignments(ana)}/mine", an_assignment("later")).status_code == 201
    wish = {"spec": {"references": "deferred"}}
    bob.client.put(f"{BASE}/tenants/rival", json=wish, headers=OPERATOR)
    theirs = an_assignment("later") | {"scopes": [{"tenants": ["rival"]}]}
    assert bob.put(f"{assignments(bob)}/mine", theirs).status_code == 201
    for name in ("seca.none", "hanza.none"):
        never = theirs | {"roles": [name]}
        assert bob.put(f"{assignments(bob)}/mine", never).status_code == 412
