"""What a size costs at a provider's prices: whole micro-euro for a month of 730 hours.

Prices have their time: of the periods that cover a moment, the one that began last counts, so that
an offer for a month is laid over what is asked before and after it.
"""

from collections.abc import Sequence
from datetime import datetime

from hanza.model.capacity import Capacity
from hanza.model.price import MicroEuro, Prices
from hanza.model.standing import Asking, Period

HOURS_PER_MONTH = 730
_MIB_PER_GIB = 1024
_MICRO_PER_CENT = 10_000


def price_per_month(prices: Prices | None, size: Capacity) -> MicroEuro | None:
    """Rounded to the nearest micro-euro; None where the provider has named no prices."""
    if prices is None:
        return None
    per_hour_in_1024ths = (
        size.cpus * prices.cpu_hour * _MIB_PER_GIB
        + size.memory_mib * prices.gib_hour
        + size.disk_mib * prices.disk_gib_hour
    )
    return (per_hour_in_1024ths * HOURS_PER_MONTH + _MIB_PER_GIB // 2) // _MIB_PER_GIB


def words_of_price(amount: MicroEuro) -> str:
    """`12.90 €/month`, rounded to the cent."""
    cents = (amount + _MICRO_PER_CENT // 2) // _MICRO_PER_CENT
    return f"{cents // 100}.{cents % 100:02d} €/month"


def asked_at(periods: Sequence[Period], at: datetime) -> Asking:
    """What is asked then, and until when: the next moment at which the prices are others."""
    prices = _prices_at(periods, at)
    edges = {edge for one in periods for edge in (one.begins_at, one.ends_at) if edge is not None}
    later = (edge for edge in sorted(edges) if edge > at and _prices_at(periods, edge) != prices)
    return Asking(prices, next(later, None))


def period_at(periods: Sequence[Period], at: datetime) -> Period | None:
    """The one that counts then: of those that cover the moment, the last to begin."""
    covering = [
        one for one in periods if one.begins_at <= at and (one.ends_at is None or at < one.ends_at)
    ]
    return max(covering, key=lambda one: (one.begins_at, one.announced_at, one.id), default=None)


def _prices_at(periods: Sequence[Period], at: datetime) -> Prices | None:
    counting = period_at(periods, at)
    return None if counting is None else counting.prices
