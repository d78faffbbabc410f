"""Whether somebody gives others no more than they have: the rule for whoever writes who may what.

Pure.  Who could give what they lack could give it to themselves.  What is given is compared with
what the giver has as it is written, so what cannot be seen to be within it is taken for more.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hanza.model.access import EVERYTHING, Permission, Scope, TenantAccess
from hanza.plan.access_roles import SYSTEM_ROLES

COMPARED_MAX = 1_000_000
"""Who gives or has more than can be compared in about a second is told to ask an admin."""


@dataclass(frozen=True, slots=True)
class Granted:
    """All of these permissions within each of these scopes."""

    scopes: tuple[Scope, ...]
    permissions: tuple[Permission, ...]


ALL_OF_IT = Permission(EVERYTHING, (EVERYTHING,), (EVERYTHING,))


def had_by(subject: str, access: TenantAccess) -> list[Granted]:
    """What a user of the tenant has."""
    return [
        Granted(one.scopes, _permissions(one.roles, access, ()))
        for one in access.assignments
        if subject in one.subjects or EVERYTHING in one.subjects
    ]


def given_by(roles: Iterable[str], scopes: tuple[Scope, ...], access: TenantAccess) -> Granted:
    """What whoever is assigned these has.  A role that is not there yet may become anything."""
    return Granted(scopes, _permissions(roles, access, (ALL_OF_IT,)))


def _permissions(
    names: Iterable[str], access: TenantAccess, unknown: tuple[Permission, ...]
) -> tuple[Permission, ...]:
    known = {role.name: role.permissions for role in (*access.roles, *SYSTEM_ROLES)}
    return tuple(one for name in names for one in known.get(name, unknown))


def is_within(given: Iterable[Granted], own: Iterable[Granted], tenant: str) -> bool:
    """Whether each permission that is given is, in each of its scopes, the giver's already."""
    have = [_of_tenant(one, tenant) for one in own]
    if any(_is_everything(one) for one in have):
        return True
    wanted = [(scope, one) for grant in given for scope in grant.scopes for one in _pairs(grant)]
    weight = sum(len(one.scopes) * len(one.permissions) for one in have)
    if len(wanted) * max(weight, 1) > COMPARED_MAX:
        return False
    return all(any(_has(one, scope, pair) for one in have) for scope, pair in wanted)


def _of_tenant(own: Granted, tenant: str) -> Granted:
    here = [one for one in own.scopes if _holds(one.tenants, frozenset({tenant}))]
    return Granted(tuple(here), own.permissions)


def _is_everything(own: Granted) -> bool:
    return ALL_OF_IT in own.permissions and any(
        _scope_holds(scope, Scope()) for scope in own.scopes
    )


def _pairs(given: Granted) -> set[tuple[str, str, str]]:
    """Provider, resource and verb of each."""
    return {
        (one.provider, resource, verb.lower())
        for one in given.permissions
        for resource in one.resources
        for verb in one.verbs
    }


def _has(own: Granted, scope: Scope, pair: tuple[str, str, str]) -> bool:
    return any(_scope_holds(one, scope) for one in own.scopes) and any(
        _permits(one, *pair) for one in own.permissions
    )


def _scope_holds(own: Scope, given: Scope) -> bool:
    """In one tenant: which those of others are does not matter there."""
    return _holds(own.regions, given.regions) and _holds(own.workspaces, given.workspaces)


def _holds(own: frozenset[str], given: frozenset[str]) -> bool:
    if not own or EVERYTHING in own:
        return True
    return bool(given) and given <= own


def _permits(own: Permission, provider: str, resource: str, verb: str) -> bool:
    return (
        own.provider in (provider, EVERYTHING)
        and any(_verb_holds(one.lower(), verb) for one in own.verbs)
        and _resources_hold(frozenset(own.resources), resource)
    )


def _verb_holds(own: str, verb: str) -> bool:
    return own in (EVERYTHING, verb) or verb.startswith(own + ".")


def _resources_hold(own: frozenset[str], pattern: str) -> bool:
    """Everything, the same pattern, its kind, or `front/*` for what begins with `front/`."""
    words = pattern.split("/")
    if not own.isdisjoint((EVERYTHING, pattern, words[0])):
        return True
    fronts = ("/".join(words[:count]) for count in range(1, len(words)))
    return any(f"{front}/*" in own for front in fronts if EVERYTHING not in front)
