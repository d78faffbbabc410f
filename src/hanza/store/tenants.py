"""Tenants, by name."""

from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import NotFound
from hanza.model.tenant import References, Tenant
from hanza.store.access import count_up
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.schema import tenants
from hanza.store.tx import Tx

_BY_NAME = Prepared(sa.select(tenants).where(tenants.c.name == sa.bindparam("name")))


def put_tenant(
    tx: Tx, name: str, references: References | None, now: datetime
) -> tuple[Tenant, bool]:
    """Add a tenant, or change how its references are held; also whether it is new.

    Without `references` a known tenant stays as it is and a new one is strict.
    """
    known = find_tenant(tx, name)
    if known is not None and references in (None, known.references):
        return known, False
    created_at = now if known is None else known.created_at
    tenant = Tenant(name, references or "strict", created_at)
    row = {"name": name, "reference_policy": tenant.references, "created_at": created_at}
    upsert(tx, tenants, ("name",), row)
    count_up(tx)
    verb = "added" if known is None else "changed"
    append_event(tx, now, f"tenant.{verb}", name, f"tenant {name} was {verb}")
    return tenant, known is None


def find_tenant(tx: Tx, name: str) -> Tenant | None:
    row = _BY_NAME.first(tx, {"name": name})
    return None if row is None else tenant_from_row(row)


def get_tenant(tx: Tx, name: str) -> Tenant:
    tenant = find_tenant(tx, name)
    if tenant is None:
        raise NotFound(f"there is no tenant {name!r}", field="tenant")
    return tenant


def list_tenants(tx: Tx) -> list[Tenant]:
    return [tenant_from_row(row) for row in tx.execute(sa.select(tenants).order_by(tenants.c.name))]


def tenant_from_row(row: sa.Row[tuple[object, ...]]) -> Tenant:
    return Tenant(row.name, row.reference_policy, row.created_at)
