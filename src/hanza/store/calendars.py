"""A provider's calendar: when its sites are open, when somebody works on them, when it pauses.

Maintenance is announced ahead: whoever has something there is told when it is, when it is called
off, and, of what could not wait, that it could not.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.model.errors import Invalid, NotFound, ShortNotice
from hanza.model.ids import SiteId
from hanza.model.site import Site
from hanza.model.standing import Hours, Window
from hanza.store.events import append_event
from hanza.store.guests import tenants_at_site
from hanza.store.schema import maintenance_windows, providers, sites
from hanza.store.sites import get_provider
from hanza.store.standing import get_standing, hours_to_json, schedule, set_standing, windows_of
from hanza.store.tx import Tx

NOTICE_LEAST = timedelta(hours=24)
"""How long ahead maintenance is announced; what cannot wait has to say so."""
WINDOWS_MAX = 200
KEPT_FOR = timedelta(days=90)
"""Maintenance that is over is shown for as long."""


def set_hours(tx: Tx, site: Site, owner: str, hours: Hours, by: str, now: datetime) -> bool:
    """Have it open then; whether that is another word than before."""
    if get_standing(tx, site.id).hours == hours:
        return False
    set_standing(tx, site.id, hours_to_json(hours), now)
    text = f"the opening hours of {site.name} were set, by {by}"
    append_event(tx, now, "site.hours_set", site.name, text, provider=owner)
    return True


def announce_maintenance(  # noqa: PLR0913 -- one for each thing that is told
    tx: Tx, site: Site, owner: str, window: Window, by: str, now: datetime, *, is_urgent: bool
) -> Window:
    """Have a window; twice is once.  Raises `ShortNotice` for what comes too soon to be told."""
    known = windows_of(tx, [site.id]).get(site.id, [])
    for one in known:
        if replace(one, id="", announced_at=now) == replace(window, id="", announced_at=now):
            return one
    _forget_old(tx, site.id, now)
    _refuse(window, known, now, is_urgent=is_urgent)
    tx.execute(
        sa.insert(maintenance_windows).values(
            id=window.id,
            site_id=site.id,
            begins_at=window.begins_at,
            ends_at=window.ends_at,
            text=window.text,
            announced_at=now,
        )
    )
    schedule(tx, site.id, now)
    urgent = "urgent " if window.begins_at < now + NOTICE_LEAST else ""
    text = f"{site.name} has {urgent}maintenance {_times(window)}: {window.text}"
    _tell(tx, site, owner, "site.maintenance_announced", text, by, now)
    return window


def cancel_maintenance(tx: Tx, site: Site, owner: str, window: str, by: str, now: datetime) -> None:
    """Call it off, or end it early.  Raises `NotFound`."""
    known = {one.id: one for one in windows_of(tx, [site.id]).get(site.id, [])}
    if window not in known:
        raise NotFound(f"{site.name} has no maintenance {window!r}", field="window")
    tx.execute(sa.delete(maintenance_windows).where(maintenance_windows.c.id == window))
    schedule(tx, site.id, now)
    if known[window].ends_at > now:
        text = f"the maintenance of {site.name} {_times(known[window])} is called off"
        _tell(tx, site, owner, "site.maintenance_cancelled", text, by, now)


def suspend_provider(
    tx: Tx, provider: str, why: str, by: str, now: datetime, *, rehearse: bool
) -> tuple[bool, list[SiteId]]:
    """Nothing new at any of its sites until it resumes; whether it is new, and which sites."""
    return _pause(tx, provider, why, by, now, rehearse=rehearse)


def resume_provider(
    tx: Tx, provider: str, by: str, now: datetime, *, rehearse: bool
) -> tuple[bool, list[SiteId]]:
    return _pause(tx, provider, None, by, now, rehearse=rehearse)


def _pause(
    tx: Tx, provider: str, why: str | None, by: str, now: datetime, *, rehearse: bool
) -> tuple[bool, list[SiteId]]:
    owner = get_provider(tx, provider).id
    row = tx.execute(sa.select(providers).where(providers.c.id == owner)).one()
    mine = sa.select(sites.c.id).where(sites.c.provider_id == owner, sites.c.left_at.is_(None))
    ids = [SiteId(one) for one in tx.scalars(mine.order_by(sites.c.name))]
    was = None if row.suspended_at is None else row.suspended_why or ""
    if was == why or rehearse:
        return was != why, ids
    since = None if why is None else row.suspended_at or now
    words = {"suspended_at": since, "suspended_why": why}
    tx.execute(sa.update(providers).where(providers.c.id == owner).values(words))
    for site in ids:
        schedule(tx, site, now)
    verb = "resumed" if why is None else "suspended"
    text = f"provider {provider} is {verb}, by {by}" + (f": {why}" if why else "")
    append_event(tx, now, f"provider.{verb}", provider, text, provider=provider)
    return True, ids


def _forget_old(tx: Tx, site: SiteId, now: datetime) -> None:
    old = maintenance_windows.c.ends_at < now - KEPT_FOR
    tx.execute(sa.delete(maintenance_windows).where(maintenance_windows.c.site_id == site, old))


def _refuse(window: Window, known: Sequence[Window], now: datetime, *, is_urgent: bool) -> None:
    if window.ends_at <= window.begins_at:
        raise Invalid("maintenance ends after it begins", field="spec.until")
    if window.ends_at <= now:
        raise Invalid("this maintenance is over", field="spec.until")
    if len(known) >= WINDOWS_MAX:
        raise Invalid(f"a site has {WINDOWS_MAX} windows at most", field="spec")
    if window.begins_at < now + NOTICE_LEAST and not is_urgent:
        hours = int(NOTICE_LEAST.total_seconds() // 3600)
        text = f"maintenance is announced {hours} hours ahead"
        raise ShortNotice(text, field="spec.from", hint="what cannot wait is urgent: --urgent")


def _times(window: Window) -> str:
    return f"from {window.begins_at:%Y-%m-%d %H:%M} to {window.ends_at:%Y-%m-%d %H:%M} UTC"


def _tell(  # noqa: PLR0913 -- one for each part of the sentence
    tx: Tx, site: Site, owner: str, kind: str, text: str, by: str, now: datetime
) -> None:
    append_event(tx, now, kind, site.name, f"{text}, by {by}", provider=owner)
    for tenant in tenants_at_site(tx, site.id):
        append_event(tx, now, kind, site.name, text, tenant)
