"""Held to whoever writes users, roles, assignments or references: what one lacks one does not give.

Else a role that lets somebody write assignments, and no more, would be every role of the tenant.
Decided by `plan/giving` and `plan/access`, in the transaction that writes.
"""

from collections.abc import Iterable
from typing import TypeGuard

from hanza.api.identity import Principal
from hanza.model.access import UNBOUNDED, Ask, Grant, Permission, Scope
from hanza.model.errors import Forbidden
from hanza.model.resource import Path
from hanza.plan.access import narrowed, rights_of
from hanza.plan.giving import Granted, given_by, had_by, is_within
from hanza.plan.seca.envelope import collection_of
from hanza.store.access import tenant_access
from hanza.store.tx import Tx

HINT = "it may be given by whoever may do all of it, such as one with seca.admin"


def check_grants(tx: Tx, who: Principal | None, tenant: str, grants: Iterable[Grant]) -> None:
    """Raises `Forbidden` for a role, given with a user, that is more than the giver has."""
    for one in grants:
        scope = Scope(workspaces=frozenset({one.workspace} if one.workspace else ()))
        check_roles(tx, who, tenant, [one.role], (scope,))


def check_roles(
    tx: Tx, who: Principal | None, tenant: str, roles: Iterable[str], scopes: tuple[Scope, ...]
) -> None:
    """Raises `Forbidden` for roles that are more, within any of the scopes, than the giver has."""
    access = tenant_access(tx, tenant)
    if _is_held(who) and access is not None:
        given = given_by(roles, scopes, access)
        _check(who, is_all=is_within([given], had_by(who.name, access), tenant))


def check_permissions(
    tx: Tx, who: Principal | None, tenant: str, permissions: Iterable[Permission]
) -> None:
    """Raises `Forbidden` for a role that would say more than its writer has, everywhere."""
    access = tenant_access(tx, tenant)
    if _is_held(who) and access is not None:
        given = Granted((UNBOUNDED,), tuple(permissions))
        _check(who, is_all=is_within([given], had_by(who.name, access), tenant))


def may_get(tx: Tx, who: Principal | None, path: Path) -> bool:
    """Whether they may read what is there, or would be."""
    access = tenant_access(tx, path.tenant)
    if not _is_held(who) or access is None:
        return True
    resource = f"{collection_of(path)}/{path.name}"
    provider = path.kind.urn_provider
    ask = Ask(provider, resource, "get", path.tenant, path.region, path.workspace)
    return narrowed(who.scope, ask) and rights_of(who.name, access).allows(ask)


def _is_held(who: Principal | None) -> TypeGuard[Principal]:
    """The operator may do everything."""
    return who is not None and not who.is_operator


def _check(who: Principal, *, is_all: bool) -> None:
    if not is_all:
        raise Forbidden(f"{who.name} would give more than they have", hint=HINT)
