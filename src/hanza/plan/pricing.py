"""What a size costs at a provider's prices: whole micro-euro for a month of 730 hours."""

from hanza.model.capacity import Capacity
from hanza.model.price import MicroEuro, Prices

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
