"""Providers and their sites: who is a member, where they stand, what they ask and claim."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import Conflict, HasLeft, NotFound
from hanza.model.ids import ProviderId, SiteId
from hanza.model.price import Prices
from hanza.model.site import Attributes, Provider, Site
from hanza.store import claims
from hanza.store.changes import note_change
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.prices import note_prices
from hanza.store.schema import providers, sites
from hanza.store.standing import schedule
from hanza.store.tx import Tx


def put_provider(tx: Tx, provider: Provider, now: datetime) -> Provider:
    """Add a provider, or change all but the id of the one that has its name."""
    row = tx.execute(sa.select(providers).where(providers.c.name == provider.name)).one_or_none()
    if row is None:
        names = {"id": provider.id, "name": provider.name}
        tx.execute(sa.insert(providers).values(created_at=now, **names, **_said_by(provider)))
        note_prices(tx, provider.id, provider.prices, _period_of(provider), now)
        text, name = f"{provider.title} is a member", provider.name
        append_event(tx, now, "provider.added", name, text, provider=name)
        return provider
    attributes = claims.standing(tx, row.id, provider.attributes, now)
    provider = replace(provider, attributes=attributes)
    if all(row._mapping[name] == value for name, value in _said_by(provider).items()):
        return replace(provider, id=ProviderId(row.id))
    text, name = f"{provider.title} is told anew", provider.name
    append_event(tx, now, "provider.changed", name, text, provider=name)
    note_change(tx, "provider", provider.name)
    changed = sa.update(providers).where(providers.c.id == row.id).values(**_said_by(provider))
    tx.execute(changed)
    note_prices(tx, ProviderId(row.id), provider.prices, _period_of(provider), now)
    return replace(provider, id=ProviderId(row.id))


def _period_of(provider: Provider) -> str:
    """Each time that it is told brings a new id."""
    return "pp" + provider.id.removeprefix("pr")


def get_provider(tx: Tx, name: str) -> Provider:
    row = tx.execute(sa.select(providers).where(providers.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no provider {name!r}", field="provider")
    return _provider_from_row(row)


def list_providers(tx: Tx) -> list[Provider]:
    rows = tx.execute(sa.select(providers).order_by(providers.c.name))
    return [_provider_from_row(row) for row in rows]


def put_site(tx: Tx, site: Site, now: datetime) -> Site:
    """Add a site, or change what may change of the one that has its name.

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
        }
        tx.execute(sa.insert(sites).values(created_at=now, **values, **_told_of(site)))
        note_change(tx, "site", site.id)
        _tell(tx, site, now, "site.added", f"{site.name} in {site.city} is a site")
        schedule(tx, site.id, now)
        return site
    if row.left_at is not None:
        raise HasLeft(f"site {site.name!r} has left the federation", field="name")
    known = _site_from_row(row)
    site = replace(site, attributes=claims.standing(tx, row.id, site.attributes, now))
    if (known.provider, known.country) != (site.provider, site.country):
        raise Conflict(f"site {site.name!r} exists with another provider or country", field="name")
    if any(row._mapping[name] != value for name, value in _told_of(site).items()):
        tx.execute(sa.update(sites).where(sites.c.id == known.id).values(**_told_of(site)))
        note_change(tx, "site", known.id)
        _tell(tx, site, now, "site.changed", f"{site.name} is told anew")
    return replace(site, id=known.id)


def _tell(tx: Tx, site: Site, now: datetime, kind: str, text: str) -> None:
    owner = tx.scalar(sa.select(providers.c.name).where(providers.c.id == site.provider))
    append_event(tx, now, kind, site.name, text, provider=owner)


def get_site(tx: Tx, name: str) -> Site:
    row = tx.execute(sa.select(sites).where(sites.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no site {name!r}", field="site")
    return _site_from_row(row)


def get_member_site(tx: Tx, name: str) -> Site:
    """As `get_site`, of one that has not left.  Raises `HasLeft`."""
    site = get_site(tx, name)
    if tx.scalar(sa.select(sites.c.left_at).where(sites.c.id == site.id)) is not None:
        raise HasLeft(f"site {name!r} has left the federation", field="site")
    return site


def list_sites(tx: Tx) -> list[tuple[Site, str]]:
    """Every site that is a member, with its provider's name."""
    return _listed(tx, _LISTED.where(sites.c.left_at.is_(None)))


def list_all_sites(tx: Tx) -> list[tuple[Site, str]]:
    """Those that have left as well: what they were is kept."""
    return _listed(tx, _LISTED)


_LISTED = (
    sa.select(sites, providers.c.name.label("provider_name"))
    .join(providers, providers.c.id == sites.c.provider_id)
    .order_by(sites.c.name)
)


def _listed(tx: Tx, query: "sa.Select[Any]") -> list[tuple[Site, str]]:
    return [(_site_from_row(row), row.provider_name) for row in tx.execute(query)]


_STANDING = sa.select(sites.c.name, sites.c.country).where(sites.c.left_at.is_(None))
_ALL_STANDING = Prepared(_STANDING)
_STANDING_IN = Prepared(_STANDING.where(sites.c.country == sa.bindparam("country")))
_PLACES = Prepared(_STANDING.add_columns(sites.c.created_at))


def list_standing(tx: Tx, country: str | None = None) -> list[tuple[str, str]]:
    """Name and country of every site, or of those of one country: regions are of them."""
    if country is None:
        return [(name, at) for name, at in _ALL_STANDING.all(tx, {})]
    return [(name, at) for name, at in _STANDING_IN.all(tx, {"country": country})]


def list_places(tx: Tx) -> list[tuple[str, str, datetime]]:
    """As `list_standing`, of all, with the beginning of each."""
    return [(row.name, row.country, row.created_at) for row in _PLACES.all(tx, {})]


def _provider_from_row(row: sa.Row[tuple[object, ...]]) -> Provider:
    return Provider(
        ProviderId(row.id),
        row.name,
        row.title,
        prices_from_row(row),
        attributes_from_json(row.attributes),
    )


def _site_from_row(row: sa.Row[tuple[object, ...]]) -> Site:
    return Site(
        SiteId(row.id),
        ProviderId(row.provider_id),
        row.name,
        row.country,
        row.city,
        row.latitude,
        row.longitude,
        row._mapping["class"],
        attributes_from_json(row.attributes),
    )


def prices_from_row(row: sa.Row[tuple[object, ...]]) -> Prices | None:
    if row.price_cpu_hour is None:
        return None
    return Prices(row.price_cpu_hour, row.price_gib_hour, row.price_disk_gib_hour)


def attributes_from_json(value: Mapping[str, list[str]] | None) -> Attributes:
    return {name: tuple(words) for name, words in (value or {}).items()}


def _attributes_to_json(attributes: Attributes) -> dict[str, list[str]]:
    return {name: list(words) for name, words in attributes.items()}


def _said_by(provider: Provider) -> dict[str, object]:
    prices = provider.prices
    return {
        "title": provider.title,
        "price_cpu_hour": prices.cpu_hour if prices else None,
        "price_gib_hour": prices.gib_hour if prices else None,
        "price_disk_gib_hour": prices.disk_gib_hour if prices else None,
        "attributes": _attributes_to_json(provider.attributes),
    }


def _told_of(site: Site) -> dict[str, object]:
    return {
        "city": site.city,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "class": site.site_class,
        "attributes": _attributes_to_json(site.attributes),
    }
