"""Tenants, by name."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import NotFound
from hanza.model.site import Country
from hanza.model.tenant import References, Tenant
from hanza.store.access import count_up
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.schema import tenants
from hanza.store.tx import Tx
from hanza.store.work import hint_waiting

_BY_NAME = Prepared(sa.select(tenants).where(tenants.c.name == sa.bindparam("name")))


def put_tenant(
    tx: Tx,
    name: str,
    references: References | None,
    now: datetime,
    country: Country | None = None,
) -> tuple[Tenant, bool]:
    """Add a tenant, or change how its references are held and where it is at home; also whether
    it is new.

    What is not said of a known tenant stays as it is; a new one is strict, and of no known country.
    """
    known = find_tenant(tx, name)
    was = known or Tenant(name, "strict", now)
    tenant = replace(was, references=references or was.references, country=country or was.country)
    if tenant == known:
        return tenant, False
    row = {
        "name": name,
        "reference_policy": tenant.references,
        "created_at": tenant.created_at,
        "country": tenant.country,
    }
    if tenant.country != was.country:
        hint_waiting(tx, "place", now)
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


def countries_of_tenants(tx: Tx, names: Iterable[str]) -> dict[str, Country | None]:
    """Of those that are known."""
    found = {name: find_tenant(tx, name) for name in set(names)}
    return {name: one.country for name, one in found.items() if one is not None}


def tenant_from_row(row: sa.Row[tuple[object, ...]]) -> Tenant:
    return Tenant(row.name, row.reference_policy, row.created_at, row.country)
