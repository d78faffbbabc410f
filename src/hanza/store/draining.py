"""Draining: how far a site is emptied, and when that is told.

Nothing is moved or ended for it yet: a site that is drained takes nothing new, and its tenants
and its provider are told what stands there still.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hanza.model.ids import SiteId
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.guests import count_guests
from hanza.store.schema import providers, site_standings, sites
from hanza.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Drain:
    """How far it is: `left` of the things that stood there when it `began_with` so many."""

    since: datetime
    by: datetime | None
    began_with: int
    left: int


def drain_of(tx: Tx, site: SiteId) -> Drain | None:
    """None where nobody drains it."""
    query = sa.select(site_standings).where(site_standings.c.site_id == site)
    row = tx.execute(query).one_or_none()
    if row is None or row.draining_since is None:
        return None
    left = count_guests(tx, [site]).get(site, 0)
    return Drain(row.draining_since, row.drain_by, row.drain_began_with or 0, left)


def tell_drain(tx: Tx, site: SiteId, now: datetime) -> bool:
    """Tell once that a site is empty, or that it is not and should be; whether to look again."""
    drain = drain_of(tx, site)
    if drain is None:
        return False
    told = tx.scalar(sa.select(site_standings.c.drain_told).where(site_standings.c.site_id == site))
    if drain.left == 0:
        is_late, word, text = False, "empty", "is empty"
    else:
        is_late = drain.by is not None and drain.by <= now
        word, text = "late", f"is not empty in time: {drain.left} things stand there still"
    if told != word and (is_late or word == "empty"):
        upsert(tx, site_standings, ("site_id",), {"site_id": site, "drain_told": word})
        row = tx.execute(_named(site)).one()
        kind = "site.drained" if word == "empty" else "site.drain_late"
        append_event(tx, now, kind, row.name, f"{row.name} {text}", provider=row.provider)
    return word != "empty"


def _named(site: SiteId) -> "sa.Select[tuple[str, str]]":
    query = sa.select(sites.c.name, providers.c.name.label("provider"))
    return query.join(providers, providers.c.id == sites.c.provider_id).where(sites.c.id == site)
