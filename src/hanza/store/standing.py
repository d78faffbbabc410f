"""What providers say of their sites, and what follows of it for placement.

Each word is kept as it was said; what it comes to (`plan.offered`) is written in the same
transaction to the site's hosts, as one flag that placement reads and the guarded hold asks again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hanza.model.ids import SiteId
from hanza.model.standing import Hours, Offer, Opening, Standing, Window
from hanza.plan.offered import offered
from hanza.store.changes import note_change
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.schema import (
    agents,
    hosts,
    maintenance_windows,
    providers,
    site_standings,
    sites,
)
from hanza.store.tx import Tx
from hanza.store.work import hint, hint_waiting

_ROW = (
    sa.select(
        sites.c.name,
        sites.c.left_at,
        providers.c.name.label("provider"),
        providers.c.suspended_at,
        providers.c.suspended_why,
        site_standings,
    )
    .select_from(
        sites.join(providers, providers.c.id == sites.c.provider_id).outerjoin(
            site_standings, site_standings.c.site_id == sites.c.id
        )
    )
    .order_by(sites.c.name)
)


def get_standing(tx: Tx, site: SiteId) -> Standing:
    return _standing_from_row(_row_of(tx, site), windows_of(tx, [site]).get(site, []))


def list_standings(tx: Tx, ids: Sequence[SiteId]) -> dict[SiteId, tuple[Standing, list[list[str]]]]:
    """Of each of these sites its provider's word, and why it takes nothing new: codes and texts."""
    windows = windows_of(tx, ids)
    rows = tx.execute(_ROW.add_columns(sites.c.id).where(sites.c.id.in_(list(ids))))
    return {
        SiteId(row.id): (
            _standing_from_row(row, windows.get(SiteId(row.id), [])),
            list(row.reasons or ()),
        )
        for row in rows
    }


def set_standing(tx: Tx, site: SiteId, words: Mapping[str, Any], now: datetime) -> Offer:
    """Keep these columns of a site's word, and have what follows be so at once."""
    if words:
        upsert(tx, site_standings, ("site_id",), {"site_id": site, **words})
    return schedule(tx, site, now)


def schedule(tx: Tx, site: SiteId, now: datetime) -> Offer:
    """Have the site offer what its provider says, now and when that next changes by itself."""
    offer = _written(tx, site, now)
    row = tx.execute(
        sa.select(site_standings.c.draining_since).where(site_standings.c.site_id == site)
    ).one_or_none()
    is_draining = row is not None and row.draining_since is not None
    due = now if is_draining else offer.until
    if due is not None:
        hint(tx, "offer", site, due)
    return offer


def write_offer(tx: Tx, site: SiteId, now: datetime) -> datetime | None:
    """What the site offers now is written where placement sees it; when to look again.

    None also of a site that is not there any more.
    """
    is_there = tx.scalar(sa.select(sites.c.id).where(sites.c.id == site)) is not None
    return _written(tx, site, now).until if is_there else None


def windows_of(tx: Tx, ids: Sequence[SiteId]) -> dict[SiteId, list[Window]]:
    """The maintenance of each of these sites, in the order of time."""
    query = sa.select(maintenance_windows).where(maintenance_windows.c.site_id.in_(list(ids)))
    found: dict[SiteId, list[Window]] = {}
    for row in tx.execute(query.order_by(maintenance_windows.c.begins_at)):
        one = Window(row.id, row.begins_at, row.ends_at, row.text, row.announced_at)
        found.setdefault(SiteId(row.site_id), []).append(one)
    return found


def hours_to_json(hours: Hours) -> dict[str, Any]:
    rows = [[sorted(one.days), one.begins, one.ends] for one in hours.openings]
    return {"zone": hours.zone, "hours": rows or None}


def _hours_from_row(row: Any) -> Hours:
    openings = (Opening(frozenset(days), begins, ends) for days, begins, ends in row.hours or ())
    return Hours(row.zone or "UTC", tuple(openings))


def _standing_from_row(row: Any, windows: Sequence[Window]) -> Standing:
    return Standing(
        cordoned=None if row.cordoned_at is None else row.cordoned_why or "",
        cordoned_at=row.cordoned_at,
        suspended=None if row.suspended_at is None else row.suspended_why or "",
        draining_since=row.draining_since,
        drain_by=row.drain_by,
        leaving_since=row.leaving_since,
        leave_at=row.leave_at,
        left_at=row.left_at,
        hours=_hours_from_row(row),
        windows=tuple(windows),
    )


def _row_of(tx: Tx, site: SiteId) -> Any:
    return tx.execute(_ROW.where(sites.c.id == site)).one()


def _written(tx: Tx, site: SiteId, now: datetime) -> Offer:
    row = _row_of(tx, site)
    standing = _standing_from_row(row, windows_of(tx, [site]).get(site, []))
    offer = offered(standing, ZoneInfo(standing.hours.zone), now)
    reasons = [[one.code, one.text] for one in offer.reasons]
    if reasons != list(row.reasons or ()):
        words = {"site_id": site, "reasons": reasons or None}
        upsert(tx, site_standings, ("site_id",), words)
        _tell(tx, row, offer, now)
        note_change(tx, "site", site)
        if bool(reasons) != bool(row.reasons):
            _flag(tx, site, now, is_withheld=bool(reasons))
    return offer


def _flag(tx: Tx, site: SiteId, now: datetime, *, is_withheld: bool) -> None:
    """Every host of the site; whoever waits for room looks again when there may be more."""
    tx.execute(sa.update(hosts).where(hosts.c.site_id == site).values(is_withheld=is_withheld))
    for agent in tx.scalars(sa.select(agents.c.id).where(agents.c.site_id == site)):
        note_change(tx, "agent", agent)
    if not is_withheld:
        hint_waiting(tx, "place", now)


def _tell(tx: Tx, row: Any, offer: Offer, now: datetime) -> None:
    if offer.reasons:
        why = "; ".join(one.text for one in offer.reasons)
        kind, text = "site.withheld", f"{row.name} takes nothing new: {why}"
    else:
        kind, text = "site.offered", f"{row.name} takes what is new"
    append_event(tx, now, kind, row.name, text, provider=row.provider)
