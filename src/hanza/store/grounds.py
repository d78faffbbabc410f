"""Where hosts stand, as placement sees it: what is known of sites and their providers."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.ids import SiteId
from hanza.model.policy import Point
from hanza.model.quota import Amounts
from hanza.model.site import Country
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Ground
from hanza.store.probes import GOOD_FOR, fresh_trips
from hanza.store.schema import providers, rtts, site_standings, sites
from hanza.store.sites import attributes_from_json, prices_from_row
from hanza.store.terms import terms_by_provider
from hanza.store.tx import Tx

_GROUNDS = sa.select(
    sites,
    sites.c["class"].label("site_class"),
    providers.c.name.label("provider"),
    providers.c.attributes.label("provider_attributes"),
    providers.c.price_cpu_hour,
    providers.c.price_gib_hour,
    providers.c.price_disk_gib_hour,
    providers.c.prices_until,
    site_standings.c.reasons,
).select_from(
    sites.join(providers, providers.c.id == sites.c.provider_id).outerjoin(
        site_standings, site_standings.c.site_id == sites.c.id
    )
)


def list_grounds(
    tx: Tx,
    now: datetime,
    carbon: Mapping[Country, float],
    only: Collection[SiteId] | None = None,
    of_providers: Collection[str] = (),
) -> list[Ground]:
    """Every site, or these and all of these providers by name; `carbon` in g/kWh by country."""
    query = _GROUNDS
    if only is not None:
        is_asked = sites.c.id.in_(list(only)) | providers.c.name.in_(list(of_providers))
        query = query.where(is_asked)
    rows = tx.execute(query).all()
    trips = fresh_trips(tx, now, None if only is None else [SiteId(row.id) for row in rows])
    terms = terms_by_provider(tx)
    return [
        _ground_from_row(
            row, trips.get(SiteId(row.id), {}), carbon, _terms_of(terms.get(row.provider_id))
        )
        for row in rows
    ]


def _ground_from_row(
    row: Any,
    trips: Mapping[Point, float],
    carbon: Mapping[Country, float],
    terms: Mapping[str, Any],
) -> Ground:
    return Ground(
        site=SiteId(row.id),
        name=row.name,
        city=row.city,
        country=row.country,
        latitude=row.latitude,
        longitude=row.longitude,
        provider=row.provider,
        site_class=row.site_class,
        site_attributes=attributes_from_json(row.attributes),
        provider_attributes=attributes_from_json(row.provider_attributes),
        prices=prices_from_row(row),
        prices_until=row.prices_until,
        withheld=tuple(text for _, text in row.reasons or ()),
        carbon=carbon.get(row.country),
        rtts=trips,
        **terms,
    )


def _terms_of(known: tuple[Terms, Mapping[str, Amounts]] | None) -> dict[str, Any]:
    return {} if known is None else {"terms": known[0], "taken": known[1]}


def next_expiry(tx: Tx, now: datetime) -> datetime | None:
    """When the first of the round trips that count will be too old."""
    oldest: datetime | None = tx.scalar(
        sa.select(sa.func.min(rtts.c.at)).where(rtts.c.at > now - GOOD_FOR)
    )
    return None if oldest is None else oldest + GOOD_FOR
