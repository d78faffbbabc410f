"""What providers ask, in time: every price that was ever announced, and the one of this moment.

The history is never rewritten, so what was asked when something was placed can always be told:
that is its price for as long as it stays there.  The provider's own row has the prices of now,
which is all that placement looks at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import Conflict, Invalid, NotFound
from hanza.model.ids import ProviderId
from hanza.model.price import Prices
from hanza.model.standing import Asking, Period
from hanza.plan.pricing import asked_at
from hanza.store.changes import note_change
from hanza.store.events import append_event
from hanza.store.schema import holds, hosts, instances, provider_prices, providers, sites
from hanza.store.tx import Tx
from hanza.store.work import hint

PERIODS_MAX = 1000
_COLUMNS = ("price_cpu_hour", "price_gib_hour", "price_disk_gib_hour")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a provider will ask, and who says so.  It begins at once without `begins_at`."""

    id: str
    prices: Prices | None
    begins_at: datetime | None
    ends_at: datetime | None
    by: str


def list_periods(tx: Tx, provider: ProviderId) -> list[Period]:
    """Everything that was ever announced, in the order in which it begins."""
    query = sa.select(provider_prices).where(provider_prices.c.provider_id == provider)
    order = provider_prices.c.begins_at, provider_prices.c.announced_at, provider_prices.c.id
    return [
        Period(row.id, row.begins_at, _prices_of(row), row.announced_at, row.ends_at)
        for row in tx.execute(query.order_by(*order))
    ]


def announce_prices(
    tx: Tx, provider: ProviderId, name: str, said: Announcement, now: datetime
) -> Period:
    """Add a period; whoever has something there is told of what is still to come.

    Raises `Invalid` for one that began already: what was asked was asked.
    """
    period = Period(said.id, said.begins_at or now, said.prices, now, said.ends_at)
    known = list_periods(tx, provider)
    for one in known:
        if replace(one, id="", announced_at=now) == replace(period, id=""):
            return one
    _refuse(period, len(known), now)
    tx.execute(sa.insert(provider_prices).values(_row(provider, period)))
    write_prices(tx, provider, now)
    if period.begins_at > now:
        text = f"{name} asks other prices from {_moment(period.begins_at)}"
        _tell_tenants(tx, provider, name, "prices.announced", text, now)
    text = f"prices of {name} from {_moment(period.begins_at)} were announced by {said.by}"
    append_event(tx, now, "prices.announced", name, text, provider=name)
    return period


def withdraw_prices(
    tx: Tx, provider: ProviderId, name: str, period: str, by: str, now: datetime
) -> None:
    """Take back what has not begun.  Raises `Conflict` for what has: end it by other prices."""
    known = {one.id: one for one in list_periods(tx, provider)}
    if period not in known:
        raise NotFound(f"provider {name!r} announced no prices {period!r}", field="period")
    if known[period].begins_at <= now:
        raise Conflict(
            "these prices have begun; what was asked was asked", hint="announce others from now on"
        )
    tx.execute(sa.delete(provider_prices).where(provider_prices.c.id == period))
    write_prices(tx, provider, now)
    text = f"{name} asks no other prices from {_moment(known[period].begins_at)} after all"
    _tell_tenants(tx, provider, name, "prices.withdrawn", text, now)
    append_event(tx, now, "prices.withdrawn", name, f"{text}, by {by}", provider=name)


def note_prices(
    tx: Tx, provider: ProviderId, prices: Prices | None, id_: str, now: datetime
) -> None:
    """The operator said what a provider asks from now on."""
    if asked_at(list_periods(tx, provider), now).prices != prices:
        table = provider_prices.c
        of_this_moment = (table.begins_at == now, table.announced_at == now)
        # Of two words of one moment the later counts, and nobody was ever asked the first.
        tx.execute(sa.delete(provider_prices).where(table.provider_id == provider, *of_this_moment))
        row = _row(provider, Period(id_, now, prices, now))
        tx.execute(sa.insert(provider_prices).values(row))
        write_prices(tx, provider, now)


def write_prices(tx: Tx, provider: ProviderId, now: datetime) -> datetime | None:
    """What is asked now is written where placement sees it; when it will be another."""
    asking = asked_at(list_periods(tx, provider), now)
    row = tx.execute(sa.select(providers).where(providers.c.id == provider)).one()
    if (_prices_of(row), row.prices_until) != (asking.prices, asking.until):
        words = {**_columns(asking.prices), "prices_until": asking.until}
        tx.execute(sa.update(providers).where(providers.c.id == provider).values(words))
        note_change(tx, "provider", row.name)
        if _prices_of(row) != asking.prices:
            text = f"{row.name} asks other prices"
            append_event(tx, now, "prices.changed", row.name, text, provider=row.name)
    if asking.until is not None:
        hint(tx, "offer", provider, asking.until)
    return asking.until


def price_agreed(tx: Tx, instance: str) -> tuple[Asking, datetime] | None:
    """What was asked when the instance got its place, and when that was; None without a place."""
    query = (
        sa.select(holds.c.taken_at, sites.c.provider_id)
        .join(hosts, hosts.c.id == holds.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
        .where(holds.c.instance_id == instance)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return asked_at(list_periods(tx, ProviderId(row.provider_id)), row.taken_at), row.taken_at


def tenants_of_provider(tx: Tx, provider: ProviderId) -> list[str]:
    """Whoever has something placed at one of its sites, by name."""
    query = (
        sa.select(instances.c.tenant)
        .join(holds, holds.c.instance_id == instances.c.id)
        .join(hosts, hosts.c.id == holds.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
        .where(sites.c.provider_id == provider)
    )
    return sorted(tx.scalars(query.distinct()))


def _tell_tenants(
    tx: Tx, provider: ProviderId, name: str, kind: str, text: str, now: datetime
) -> None:
    for tenant in tenants_of_provider(tx, provider):
        kept = f"{text}; what has a place there keeps its price"
        append_event(tx, now, kind, name, kept, tenant)


def _refuse(period: Period, known: int, now: datetime) -> None:
    if period.begins_at < now:
        hint_ = "leave it out to have it from now on"
        raise Invalid("prices cannot begin in the past", field="spec.from", hint=hint_)
    if period.ends_at is not None and period.ends_at <= period.begins_at:
        raise Invalid("prices end after they begin", field="spec.until")
    if known >= PERIODS_MAX:
        raise Invalid(f"a provider announces {PERIODS_MAX} prices at most", field="spec")


def _row(provider: ProviderId, period: Period) -> dict[str, Any]:
    return {
        "id": period.id,
        "provider_id": provider,
        "begins_at": period.begins_at,
        "ends_at": period.ends_at,
        "announced_at": period.announced_at,
        **_columns(period.prices),
    }


def _columns(prices: Prices | None) -> dict[str, int | None]:
    values: Sequence[int | None] = (None, None, None)
    if prices is not None:
        values = (prices.cpu_hour, prices.gib_hour, prices.disk_gib_hour)
    return dict(zip(_COLUMNS, values, strict=True))


def _prices_of(row: Any) -> Prices | None:
    if row.price_cpu_hour is None:
        return None
    return Prices(row.price_cpu_hour, row.price_gib_hour, row.price_disk_gib_hour)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
