"""What somebody gives is held against what they have."""

import pytest

from hanza.model.access import Assignment, Permission, Role, Scope, TenantAccess
from hanza.plan.giving import ALL_OF_IT, COMPARED_MAX, Granted, given_by, had_by, is_within

EVERYWHERE = (Scope(),)
SHOP = Scope(workspaces=frozenset({"shop"}))
BOTH = Scope(workspaces=frozenset({"shop", "lab"}))


def one(resource: str, verb: str = "get", provider: str = "seca.compute/v1") -> Permission:
    return Permission(provider, (resource,), (verb,))


@pytest.mark.parametrize(
    ("given", "own", "is_so"),
    [
        (one("instances"), one("instances"), True),
        (one("instances", "GET"), one("instances", "get"), True),
        (one("instances"), one("instances", "*"), True),
        (one("instances", "*"), one("instances"), False),
        (one("instances", "post.start"), one("instances", "post"), True),
        (one("instances", "post"), one("instances", "post.start"), False),
        (one("instances", "put"), one("instances"), False),
        (one("instances"), one("*"), True),
        (one("*"), one("instances"), False),
        (one("instances/web-*"), one("instances"), True),
        (one("instances/web-*"), one("instances/*"), True),
        (one("instances/web-*"), one("instances/web-*"), True),
        (one("instances/*"), one("instances/web-*"), False),
        (one("instances/web"), one("instances/w*"), False),
        (one("networks/a/subnets/b"), one("networks/a/*"), True),
        (one("networks/*/subnets/b"), one("networks/a/*"), False),
        (one("networks/*/subnets/b"), one("networks/*/*"), False),
        (one("instances", provider="*"), one("instances"), False),
        (one("instances"), one("instances", provider="*"), True),
        (one("instances"), one("instances", provider="seca.network/v1"), False),
        (ALL_OF_IT, ALL_OF_IT, True),
    ],
)
def test_permissions(given: Permission, own: Permission, is_so: bool) -> None:
    has = [Granted(EVERYWHERE, (own,))]
    assert is_within([Granted(EVERYWHERE, (given,))], has, "acme") == is_so
    assert not is_within([Granted(EVERYWHERE, (given,))], [], "acme")


@pytest.mark.parametrize(
    ("given", "own", "is_so"),
    [
        (SHOP, Scope(), True),
        (Scope(), SHOP, False),
        (SHOP, BOTH, True),
        (BOTH, SHOP, False),
        (SHOP, Scope(workspaces=frozenset({"*"})), True),
        (Scope(workspaces=frozenset({"*"})), SHOP, False),
        (SHOP, Scope(regions=frozenset({"de"})), False),
        (Scope(regions=frozenset({"de"})), Scope(regions=frozenset({"de", "fr"})), True),
        (SHOP, Scope(tenants=frozenset({"acme"})), True),
        (SHOP, Scope(tenants=frozenset({"rival"})), False),
    ],
)
def test_scopes(given: Scope, own: Scope, is_so: bool) -> None:
    for permission in (one("instances"), ALL_OF_IT):
        wish = [Granted((given,), (permission,))]
        assert is_within(wish, [Granted((own,), (permission,))], "acme") == is_so


def test_each_part_may_come_from_another_role() -> None:
    wish = [Granted((SHOP,), (Permission("seca.compute/v1", ("instances",), ("get", "put")),))]
    reads = Granted(EVERYWHERE, (one("instances"),))
    writes = Granted((SHOP,), (one("instances", "put"),))
    assert is_within(wish, [reads, writes], "acme")
    assert not is_within(wish, [reads], "acme")


def test_what_is_too_much_to_compare_is_taken_for_more() -> None:
    many = Permission("*", tuple(f"instances/{number}" for number in range(1001)), ("get",))
    wish, has = (
        [Granted(EVERYWHERE, (many,))],
        Granted(EVERYWHERE, (many,) * (COMPARED_MAX // 1000)),
    )
    assert not is_within(wish, [has], "acme")
    assert is_within(wish, [has, Granted(EVERYWHERE, (ALL_OF_IT,))], "acme")


def test_a_role_that_is_not_there_gives_nothing_and_may_become_everything() -> None:
    mine = Role("mine", (one("instances"),))
    assigned = (
        Assignment(frozenset({"ana"}), ("mine", "later"), (SHOP,)),
        Assignment(frozenset({"*"}), ("hanza.auditor",)),
        Assignment(frozenset({"bob"}), ("seca.admin",)),
    )
    access = TenantAccess("acme", frozenset({"ana", "bob"}), (mine,), assigned)
    ours, everybodys = had_by("ana", access)
    assert ours == Granted((SHOP,), (one("instances"),))
    assert everybodys.permissions[0].verbs == ("get", "list")
    assert given_by(["later"], (SHOP,), access) == Granted((SHOP,), (ALL_OF_IT,))
    assert given_by(["mine"], (SHOP,), access) == ours
