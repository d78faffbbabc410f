"""Who takes part in the demo.  Every provider's name is invented.  Pure data."""

from dataclasses import dataclass

from hanza.model.price import Prices


@dataclass(frozen=True, slots=True)
class Member:
    """One provider with its one site."""

    provider: str
    title: str
    site: str
    country: str
    city: str
    latitude: float
    longitude: float
    prices: Prices


# Prices are invented as the names are: micro-euro an hour for a cpu, a GiB of memory, one of disk.
MEMBERS = (
    Member(
        "jadranka",
        "Jadranka Polica d.o.o.",
        "hr-zag-1",
        "HR",
        "Zagreb",
        45.8150,
        15.9819,
        Prices(11_000, 2_000, 40),
    ),
    Member(
        "mainrechen",
        "Mainrechen GmbH",
        "de-fra-1",
        "DE",
        "Frankfurt",
        50.1109,
        8.6821,
        Prices(14_000, 2_500, 50),
    ),
    Member(
        "poldernet",
        "Poldernet B.V.",
        "nl-ams-1",
        "NL",
        "Amsterdam",
        52.3676,
        4.9041,
        Prices(13_000, 2_400, 60),
    ),
    Member(
        "szafarnia",
        "Szafarnia sp. z o.o.",
        "pl-waw-1",
        "PL",
        "Warsaw",
        52.2297,
        21.0122,
        Prices(9_000, 1_800, 30),
    ),
    Member(
        "kontora",
        "Kontora d.o.o.",
        "si-lju-1",
        "SI",
        "Ljubljana",
        46.0569,
        14.5058,
        Prices(12_000, 2_200, 45),
    ),
    Member(
        "mesetanube",
        "Mesetanube S.L.",
        "es-mad-1",
        "ES",
        "Madrid",
        40.4168,
        -3.7038,
        Prices(10_000, 1_900, 35),
    ),
)

OFFER_CPUS = 4
OFFER_MEMORY_MIB = 1024
OFFER_DISK_MIB = 4096
"""What each site offers; the machine has less in all, and the guests use less still."""
