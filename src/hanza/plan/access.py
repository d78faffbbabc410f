"""Whether somebody may do something: SECA's rule, and nothing but the rule.

Allowed is what some assignment of the tenant covers - subject, tenant, region, workspace - if one
of its roles has a permission that matches provider, resource and verb.  There is no denying
permission, so the order of nothing matters.

A resource pattern is `*` (everything), a kind such as `instances` (the collection and all in it),
or a path such as `instances/web-*`, where `*` stands for any part of a name and a last `/*` for
everything below.  Who may reach every item by `instances/*` may list them too.  Verbs count in
either case; `post` is every action, `post.start` is one.
"""

from collections.abc import Iterable

from hanza.kit.stars import is_like
from hanza.model.access import (
    EVERYTHING,
    UNBOUNDED,
    Ask,
    Assignment,
    Permission,
    Role,
    Scope,
    TenantAccess,
)
from hanza.plan.access_roles import SYSTEM_ROLES

LIST = "list"
SEPARATOR = "/"


class Rights:
    """What one subject may do in one tenant: its assignments, with their roles looked up.

    Built once and asked often, so nothing is looked up when it is asked.
    """

    def __init__(self, granted: Iterable[tuple[tuple[Scope, ...], tuple[Permission, ...]]]) -> None:
        self._granted = tuple(granted)
        self.weight = sum(
            len(scopes) + sum(len(one.resources) for one in permissions)
            for scopes, permissions in self._granted
        )
        """How much may have to be looked at for one answer: scopes and patterns."""

    def allows(self, ask: Ask) -> bool:
        return any(
            any(covers(scope, ask) for scope in scopes)
            and any(matches(permission, ask) for permission in permissions)
            for scopes, permissions in self._granted
        )


def rights_of(subject: str, access: TenantAccess) -> Rights:
    """Of somebody who belongs to the tenant.  A role that there is not gives nothing."""
    roles = {role.name: role for role in (*access.roles, *SYSTEM_ROLES)}
    return Rights(
        (one.scopes, _permissions_of(one, roles))
        for one in access.assignments
        if subject in one.subjects or EVERYTHING in one.subjects
    )


def covers(scope: Scope, ask: Ask) -> bool:
    """Whether it lies within the scope.

    What has no region or workspace is beyond every region and workspace, so a scope that names
    some does not cover it; but what all need is read from within any workspace.
    """
    return (
        _names(scope.tenants, ask.tenant)
        and _names(scope.regions, ask.region)
        and (ask.is_common or _names(scope.workspaces, ask.workspace))
    )


def matches(permission: Permission, ask: Ask) -> bool:
    return (
        permission.provider in (ask.provider, EVERYTHING)
        and any(_is_verb(verb.lower(), ask.verb) for verb in permission.verbs)
        and any(_is_resource(pattern, ask) for pattern in permission.resources)
    )


def narrowed(scope: Scope | None, ask: Ask) -> bool:
    """Whether what a token says of itself lets it be used for this; it never gives anything."""
    return covers(scope or UNBOUNDED, ask)


def _permissions_of(one: Assignment, roles: dict[str, Role]) -> tuple[Permission, ...]:
    known = [roles[name] for name in one.roles if name in roles]
    return tuple(permission for role in known for permission in role.permissions)


def _names(bounds: frozenset[str], name: str) -> bool:
    return not bounds or EVERYTHING in bounds or (name != "" and name in bounds)


def _is_verb(allowed: str, verb: str) -> bool:
    return allowed in (EVERYTHING, verb) or verb.startswith(allowed + ".")


def _is_resource(pattern: str, ask: Ask) -> bool:
    resource = ask.resource
    if pattern in (EVERYTHING, resource):
        return True
    if SEPARATOR not in pattern:
        return resource.startswith(pattern + SEPARATOR)
    if ask.verb == LIST and pattern == resource + "/*":
        return True
    wanted, given = pattern.split(SEPARATOR), resource.split(SEPARATOR)
    if wanted[-1] == EVERYTHING:
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(
        is_like(word, part) for word, part in zip(given, wanted, strict=True)
    )
