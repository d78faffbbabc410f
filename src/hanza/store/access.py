"""What decides who may do what: a tenant's users, roles and assignments, and when they changed.

Every change of it counts up one number in the same transaction, so a plane that knows the number
knows whether what it remembers is still so.
"""

import msgspec
import sqlalchemy as sa

from hanza.model.access import Assignment, Permission, Role, Scope, TenantAccess
from hanza.model.errors import Bug
from hanza.model.resource import Json
from hanza.store.access_tables import access_generation, grants, users
from hanza.store.schema import resources, tenants
from hanza.store.tx import Tx

ROLE = "role"
ASSIGNMENT = "role-assignment"
KINDS = frozenset({ROLE, ASSIGNMENT})
_GENERATION = sa.select(access_generation.c.value)
_BUMP = sa.update(access_generation).values(value=access_generation.c.value + 1)


class _Permission(msgspec.Struct):
    provider: str
    resources: tuple[str, ...]
    verb: tuple[str, ...]


class _Role(msgspec.Struct):
    permissions: tuple[_Permission, ...]


class _Scope(msgspec.Struct):
    tenants: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    workspaces: frozenset[str] | None = None


class _Assignment(msgspec.Struct):
    subs: frozenset[str]
    roles: tuple[str, ...]
    scopes: tuple[_Scope, ...] = ()


def read_generation(tx: Tx) -> int:
    value = tx.scalar(_GENERATION)
    if value is None:
        raise Bug("the number of what may be done is gone")
    return int(value)


def count_up(tx: Tx) -> None:
    """Tell every plane that what it remembers of who may do what may be wrong now."""
    tx.execute(_BUMP)


def tenant_access(tx: Tx, tenant: str) -> TenantAccess | None:
    """None where there is no such tenant."""
    if tx.scalar(sa.select(tenants.c.name).where(tenants.c.name == tenant)) is None:
        return None
    known = tx.scalars(sa.select(users.c.subject).where(users.c.tenant == tenant))
    assignments = (*_granted(tx, tenant), *_assigned(tx, tenant))
    return TenantAccess(tenant, frozenset(known), tuple(_roles(tx, tenant)), assignments)


def _granted(tx: Tx, tenant: str) -> list[Assignment]:
    rows = tx.execute(sa.select(grants).where(grants.c.tenant == tenant))
    found = []
    for row in rows:
        scope = Scope(workspaces=frozenset({row.workspace} if row.workspace else ()))
        found.append(Assignment(frozenset({row.subject}), (row.role,), (scope,)))
    return found


def assignment_of(spec: Json) -> Assignment:
    """What a well-shaped spec of an assignment says."""
    words = msgspec.convert(spec, _Assignment)
    scopes = tuple(
        Scope(one.tenants or frozenset(), one.regions or frozenset(), one.workspaces or frozenset())
        for one in words.scopes
    )
    return Assignment(words.subs, words.roles, scopes)


def permissions_of(spec: Json) -> tuple[Permission, ...]:
    """What a well-shaped spec of a role says."""
    words = msgspec.convert(spec, _Role)
    return tuple(Permission(one.provider, one.resources, one.verb) for one in words.permissions)


def _assigned(tx: Tx, tenant: str) -> list[Assignment]:
    found = _specs(tx, ASSIGNMENT, tenant)
    return [assignment_of(msgspec.json.decode(spec)) for _, spec in found]


def _roles(tx: Tx, tenant: str) -> list[Role]:
    found = _specs(tx, ROLE, tenant)
    return [Role(name, permissions_of(msgspec.json.decode(spec))) for name, spec in found]


def _specs(tx: Tx, kind: str, tenant: str) -> list[tuple[str, str]]:
    """What is being deleted gives nothing any more."""
    query = sa.select(resources.c.name, resources.c.spec).where(
        resources.c.kind == kind, resources.c.tenant == tenant, resources.c.deleted_at.is_(None)
    )
    return [(row.name, row.spec) for row in tx.execute(query.order_by(resources.c.name))]
