"""SECA's rule of who may do what: every part of it alone, and the roles of the system."""

import time

import pytest

from hanza.model.access import (
    Ask,
    Assignment,
    Permission,
    Role,
    Scope,
    TenantAccess,
)
from hanza.plan.access import Rights, covers, matches, narrowed, rights_of
from hanza.plan.access_roles import SYSTEM_ROLE_NAMES, SYSTEM_ROLES

WEB = Ask("seca.compute/v1", "instances/web", "get", "acme", "eu", "shop")
LIST = Ask("seca.compute/v1", "instances", "list", "acme", "eu", "shop")
START = Ask("seca.compute/v1", "instances/web", "post.start", "acme", "eu", "shop")
SUBNET = Ask("seca.network/v1", "networks/n1/subnets/s1", "put", "acme", "eu", "shop")


def permission(resource: str, verb: str = "*", provider: str = "*") -> Permission:
    return Permission(provider, (resource,), (verb,))


@pytest.mark.parametrize(
    ("pattern", "ask", "is_so"),
    [
        ("*", WEB, True),
        ("instances", WEB, True),
        ("instances", LIST, True),
        ("instance", WEB, False),
        ("instances/web", WEB, True),
        ("instances/w*", WEB, True),
        ("instances/x*", WEB, False),
        ("instances/*", WEB, True),
        ("instances/*", LIST, True),
        ("instances/w*", LIST, False),
        ("instances/[w]eb", WEB, False),
        ("instances/?eb", WEB, False),
        ("*/web", WEB, True),
        ("images/*", WEB, False),
        ("networks", SUBNET, True),
        ("networks/*", SUBNET, True),
        ("networks/n1/subnets/*", SUBNET, True),
        ("networks/*/subnets/s1", SUBNET, True),
        ("networks/n1", SUBNET, False),
        ("networks/n2/*", SUBNET, False),
        ("networks/n1/subnets/s1/*", SUBNET, False),
        ("", WEB, False),
    ],
)
def test_patterns(pattern: str, ask: Ask, is_so: bool) -> None:
    assert matches(permission(pattern), ask) == is_so


@pytest.mark.parametrize(
    ("verb", "ask", "is_so"),
    [
        ("get", WEB, True),
        ("GET", WEB, True),
        ("list", WEB, False),
        ("*", WEB, True),
        ("post", START, True),
        ("POST.Start", START, True),
        ("post.stop", START, False),
        ("pos", START, False),
        ("start", START, False),
    ],
)
def test_verbs(verb: str, ask: Ask, is_so: bool) -> None:
    assert matches(permission("*", verb), ask) == is_so


def test_providers() -> None:
    assert matches(permission("*", provider="seca.compute/v1"), WEB)
    assert not matches(permission("*", provider="seca.compute"), WEB)


def names(*words: str) -> frozenset[str]:
    return frozenset(words)


@pytest.mark.parametrize(
    ("scope", "is_so"),
    [
        (Scope(), True),
        (Scope(names("acme"), names("eu"), names("shop")), True),
        (Scope(names("*"), names("*"), names("*")), True),
        (Scope(tenants=names("rival")), False),
        (Scope(regions=names("de", "fr")), False),
        (Scope(workspaces=names("other")), False),
    ],
)
def test_scopes(scope: Scope, is_so: bool) -> None:
    assert covers(scope, WEB) == is_so
    assert narrowed(scope, WEB) == is_so
    assert narrowed(None, WEB)


def test_what_is_in_no_workspace_or_region_is_beyond_those_that_are_named() -> None:
    of_the_tenant = Ask("hanza.federation/v1", "policy", "get", "acme")
    assert not covers(Scope(workspaces=names("shop")), of_the_tenant)
    assert not covers(Scope(workspaces=names("")), of_the_tenant)
    assert not covers(Scope(regions=names("eu")), of_the_tenant)
    skus = Ask("seca.compute/v1", "skus", "list", "acme", "eu", is_common=True)
    assert covers(Scope(workspaces=names("shop")), skus)
    assert not covers(Scope(regions=names("de")), skus)


def test_patterns_of_many_stars_cost_no_more_than_their_letters() -> None:
    name = "a" * 120
    hard = permission("/".join(["instances", "*a" * 100 + "*b"]))
    asked = Ask("seca.compute/v1", f"instances/{name}", "get", "acme", "eu", "shop")
    began = time.perf_counter()
    assert not any(matches(hard, asked) for _ in range(1000))
    assert time.perf_counter() - began < 5
    assert matches(permission("instances/" + "*a" * 120), asked)


def test_how_much_rights_are_to_look_at_is_known() -> None:
    two = Permission("*", ("instances", "images"), ("get",))
    assert Rights([((Scope(), Scope()), (two, two)), ((), (two,))]).weight == 8


def test_rights_are_those_of_all_assignments_that_name_the_subject() -> None:
    mine = Role("mine", (permission("instances", "get"),))
    fake = Role("seca.admin", ())
    access = TenantAccess(
        "acme",
        names("ana", "bob"),
        (mine, fake),
        (
            Assignment(names("ana"), ("mine", "not-there"), (Scope(workspaces=names("shop")),)),
            Assignment(names("*"), ("seca.workspace-viewer",), (Scope(regions=names("de")),)),
            Assignment(names("bob"), ("seca.admin",), ()),
            Assignment(names("eve"), ("seca.admin",)),
        ),
    )
    ana, bob, eve = (rights_of(one, access) for one in ("ana", "bob", "eve"))
    assert ana.allows(WEB)
    assert not ana.allows(START)
    assert not bob.allows(WEB), "an assignment without a scope covers nothing"
    assert eve.allows(START), "a tenant's role never stands for one of the system"
    there = Ask("seca.compute/v1", "instances/web", "get", "acme", "de", "other")
    assert (ana.allows(there), bob.allows(there)) == (True, True), "`*` is every user"


def test_the_roles_of_the_standard_are_there() -> None:
    standard = {f"seca.{name}" for name in ("admin", "region-admin", "workspace-admin")}
    standard |= {"seca.workspace-editor", "seca.workspace-viewer"}
    assert standard < SYSTEM_ROLE_NAMES
    assert len(SYSTEM_ROLES) == len(SYSTEM_ROLE_NAMES)
