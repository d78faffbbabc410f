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

_IS_TRUSTED = issuers.c.removed_at.is_(None)


def put_issuer(tx: Tx, issuer: TrustedIssuer, now: datetime) -> bool:
    """Whether it is new.  Raises `NotFound` for a tenant, `Conflict` for a URL under another name.

    A name keeps its URL, also when the issuer was removed: subjects bear the name, in users and
    role assignments of all tenants, and must never become somebody else's.
    """
    if issuer.tenant is not None:
        get_tenant(tx, issuer.tenant)
    is_new, is_kept = True, False
    for known in tx.execute(sa.select(issuers).order_by(issuers.c.name)):
        if (known.name == issuer.name) != (known.url == issuer.url):
            verb = "is" if known.removed_at is None else "was"
            text = f"issuer {known.name} {verb} {known.url} already"
            hint = "an issuer keeps its name for good, also when it is trusted no longer"
            raise Conflict(text, field="spec.url", hint=hint)
        if known.name == issuer.name:
            is_kept, is_new = True, known.removed_at is not None
    row = {
        "removed_at": None,
        "url": issuer.url,
        "audience": issuer.audience,
        "client": issuer.client,
        "tenant": issuer.tenant,
        "claim": issuer.claim,
    }
    if is_kept:
        tx.execute(sa.update(issuers).where(issuers.c.name == issuer.name).values(row))
    else:
        tx.execute(sa.insert(issuers).values(name=issuer.name, created_at=now, **row))
    count_up(tx)
    verb = "added" if is_new else "changed"
    append_event(tx, now, f"issuer.{verb}", issuer.name, f"issuer {issuer.name} was {verb}")
    return is_new


def remove_issuer(tx: Tx, name: str, now: datetime) -> None:
    gone = sa.update(issuers).where(issuers.c.name == name, _IS_TRUSTED).values(removed_at=now)
    if tx.execute(gone).rowcount == 0:
        raise NotFound(f"there is no issuer {name!r}", field="issuer")
    count_up(tx)
    append_event(tx, now, "issuer.removed", name, f"issuer {name} is trusted no longer")


def find_issuer(tx: Tx, name: str) -> TrustedIssuer | None:
    return next((one for one in list_issuers(tx) if one.name == name), None)


def list_issuers(tx: Tx) -> list[TrustedIssuer]:
    rows = tx.execute(sa.select(issuers).where(_IS_TRUSTED).order_by(issuers.c.name))
    return [
        TrustedIssuer(row.name, row.url, row.audience, row.client, row.tenant, row.claim)
        for row in rows
    ]
