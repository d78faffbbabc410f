"""The OpenID Connect issuers of others that the operator trusts, and with whom."""

from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import Conflict, NotFound
from hanza.model.issuer import TrustedIssuer
from hanza.store.access import count_up
from hanza.store.access_tables import issuers
from hanza.store.events import append_event
from hanza.store.tenants import get_tenant
from hanza.store.tx import Tx


def put_issuer(tx: Tx, issuer: TrustedIssuer, now: datetime) -> bool:
    """Whether it is new.  Raises `NotFound` for a tenant, `Conflict` for a URL under another name.

    A name keeps its URL: subjects bear the name, and must never become somebody else's.
    """
    if issuer.tenant is not None:
        get_tenant(tx, issuer.tenant)
    for known in list_issuers(tx):
        if (known.name == issuer.name) != (known.url == issuer.url):
            text = f"issuer {known.name} is {known.url} already"
            raise Conflict(text, field="spec.url", hint="remove that one, or take another name")
    is_new = find_issuer(tx, issuer.name) is None
    row = {
        "url": issuer.url,
        "audience": issuer.audience,
        "client": issuer.client,
        "tenant": issuer.tenant,
        "claim": issuer.claim,
    }
    if is_new:
        tx.execute(sa.insert(issuers).values(name=issuer.name, created_at=now, **row))
    else:
        tx.execute(sa.update(issuers).where(issuers.c.name == issuer.name).values(row))
    count_up(tx)
    verb = "added" if is_new else "changed"
    append_event(tx, now, f"issuer.{verb}", issuer.name, f"issuer {issuer.name} was {verb}")
    return is_new


def remove_issuer(tx: Tx, name: str, now: datetime) -> None:
    if tx.execute(sa.delete(issuers).where(issuers.c.name == name)).rowcount == 0:
        raise NotFound(f"there is no issuer {name!r}", field="issuer")
    count_up(tx)
    append_event(tx, now, "issuer.removed", name, f"issuer {name} is trusted no longer")


def find_issuer(tx: Tx, name: str) -> TrustedIssuer | None:
    return next((one for one in list_issuers(tx) if one.name == name), None)


def list_issuers(tx: Tx) -> list[TrustedIssuer]:
    rows = tx.execute(sa.select(issuers).order_by(issuers.c.name))
    return [
        TrustedIssuer(row.name, row.url, row.audience, row.client, row.tenant, row.claim)
        for row in rows
    ]
