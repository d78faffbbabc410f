"""Regions and zones: a region is a legal area, a zone a site of it, and `any` leaves it to us."""

from collections.abc import Sequence
from dataclasses import dataclass

from hanza.model.site import Country

WHOLE = "eu"
"""The region of the whole federation, where policy alone says which law."""
ANY = "any"
ZONES_MAX = 32
ZONE_CHARACTERS_MAX = 32


@dataclass(frozen=True, slots=True)
class Region:
    """`country` is None where the region stands under no single law."""

    name: str
    country: Country | None
    sites: tuple[str, ...]

    @property
    def zones(self) -> tuple[str, ...]:
        """What is shown: `any` first, then as many sites as there is room for."""
        shown = [site for site in self.sites if len(site) <= ZONE_CHARACTERS_MAX and site != ANY]
        return (ANY, *shown[: ZONES_MAX - 1])

    def has_zone(self, zone: str) -> bool:
        """Also of a site that is not shown for lack of room."""
        return zone == ANY or zone in self.sites


def regions_of(sites: Sequence[tuple[str, Country]]) -> tuple[Region, ...]:
    """The whole federation first, then one region for each country that has a site."""
    ordered = sorted(sites)
    countries = sorted({country for _, country in ordered})
    whole = Region(WHOLE, None, tuple(name for name, _ in ordered))
    return (
        whole,
        *(
            Region(country.lower(), country, tuple(n for n, c in ordered if c == country))
            for country in countries
            if country.lower() != WHOLE
        ),
    )


def region_of(name: str, sites: Sequence[tuple[str, Country]]) -> Region | None:
    """That one of `regions_of`, for who asks for one by its name; None where there is none."""
    ordered = sorted(sites)
    if name == WHOLE:
        return Region(WHOLE, None, tuple(one for one, _ in ordered))
    inside = [(one, at) for one, at in ordered if at.lower() == name]
    return Region(name, inside[0][1], tuple(one for one, _ in inside)) if inside else None
