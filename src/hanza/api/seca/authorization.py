"""Roles and role assignments: what a PUT of one is held to before it is written down."""

from typing import Any

from hanza.api.giving import check_permissions, check_roles
from hanza.api.seca.places import list_regions
from hanza.api.seca.writing import Change, put_at_once
from hanza.model.kinds import ROLE
from hanza.model.resource import Path, Resource
from hanza.plan.seca.access import EVERYBODY, Known, check_assignment, check_role
from hanza.store.access import assignment_of, permissions_of
from hanza.store.resources import find_resource
from hanza.store.tenants import get_tenant
from hanza.store.tx import Tx
from hanza.store.users import strangers_among


def put_role(tx: Tx, change: Change) -> Resource:
    spec, tenant = change.resource.words.spec, change.resource.path.tenant
    check_role(spec)
    check_permissions(tx, change.who, tenant, permissions_of(spec))
    return put_at_once(tx, change)


def put_assignment(tx: Tx, change: Change) -> Resource:
    path, spec = change.resource.path, change.resource.words.spec
    roles: Any = spec["roles"]
    subs: Any = spec["subs"]
    known = Known(
        tenant=path.tenant,
        regions={region.name for region in list_regions(tx)},
        strangers=strangers_among(tx, path.tenant, set(subs) - {EVERYBODY}),
        roles={name for name in set(roles) if _is_role(tx, path.tenant, name)},
    )
    check_assignment(spec, known, get_tenant(tx, path.tenant).references)
    given = assignment_of(spec)
    check_roles(tx, change.who, path.tenant, given.roles, given.scopes)
    return put_at_once(tx, change)


def _is_role(tx: Tx, tenant: str, name: str) -> bool:
    found = find_resource(tx, Path(ROLE, "", tenant, "", name))
    return found is not None and found.deleted_at is None
