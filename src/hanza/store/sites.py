"""Providers and their sites: who is a member, and where they stand."""

from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import Conflict, NotFound
from hanza.model.ids import ProviderId, SiteId
from hanza.model.site import Provider, Site
from hanza.store.schema import providers, sites
from hanza.store.tx import Tx


def put_provider(tx: Tx, provider: Provider, now: datetime) -> Provider:
    """Add a provider, or change the title of the one that has its name."""
    row = tx.execute(sa.select(providers).where(providers.c.name == provider.name)).one_or_none()
    if row is None:
        values = {"id": provider.id, "name": provider.name, "title": provider.title}
        tx.execute(sa.insert(providers).values(created_at=now, **values))
        return provider
    tx.execute(sa.update(providers).where(providers.c.id == row.id).values(title=provider.title))
    return Provider(ProviderId(row.id), row.name, provider.title)


def get_provider(tx: Tx, name: str) -> Provider:
    row = tx.execute(sa.select(providers).where(providers.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no provider {name!r}", field="provider")
    return _provider_from_row(row)


def list_providers(tx: Tx) -> list[Provider]:
    rows = tx.execute(sa.select(providers).order_by(providers.c.name))
    return [_provider_from_row(row) for row in rows]


def put_site(tx: Tx, site: Site, now: datetime) -> Site:
    """Add a site, or return it unchanged when it is already there in the same words.

    Raises `Conflict` when the name is taken by another place: a site's country is law, and
    what runs there was placed under it.
    """
    row = tx.execute(sa.select(sites).where(sites.c.name == site.name)).one_or_none()
    if row is None:
        values = {
            "id": site.id,
            "provider_id": site.provider,
            "name": site.name,
            "country": site.country,
            "city": site.city,
            "latitude": site.latitude,
            "longitude": site.longitude,
        }
        tx.execute(sa.insert(sites).values(created_at=now, **values))
        return site
    known = _site_from_row(row)
    if (known.provider, known.country) != (site.provider, site.country):
        raise Conflict(f"site {site.name!r} exists with another provider or country", field="name")
    place = {"city": site.city, "latitude": site.latitude, "longitude": site.longitude}
    tx.execute(sa.update(sites).where(sites.c.id == known.id).values(**place))
    return Site(known.id, known.provider, known.name, known.country, *place.values())  # type: ignore[arg-type]


def get_site(tx: Tx, name: str) -> Site:
    row = tx.execute(sa.select(sites).where(sites.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no site {name!r}", field="site")
    return _site_from_row(row)


def list_sites(tx: Tx) -> list[tuple[Site, Provider]]:
    query = (
        sa.select(sites, providers.c.name.label("provider_name"), providers.c.title)
        .join(providers, providers.c.id == sites.c.provider_id)
        .order_by(sites.c.name)
    )
    return [
        (_site_from_row(row), Provider(ProviderId(row.provider_id), row.provider_name, row.title))
        for row in tx.execute(query)
    ]


def list_places(tx: Tx, country: str | None = None) -> list[tuple[str, str, datetime]]:
    """Name, country and beginning of every site, or those of one country: regions are of them."""
    query = sa.select(sites.c.name, sites.c.country, sites.c.created_at)
    if country is not None:
        query = query.where(sites.c.country == country)
    rows = tx.execute(query)
    return [(row.name, row.country, row.created_at) for row in rows]


def _provider_from_row(row: sa.Row[tuple[object, ...]]) -> Provider:
    return Provider(ProviderId(row.id), row.name, row.title)


def _site_from_row(row: sa.Row[tuple[object, ...]]) -> Site:
    return Site(
        SiteId(row.id),
        ProviderId(row.provider_id),
        row.name,
        row.country,
        row.city,
        row.latitude,
        row.longitude,
    )
