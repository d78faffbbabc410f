"""How far a site is from a point in round-trip time: measured, or guessed by distance.

A measurement to a probe counts for every point that is not further from it than `SAME_PLACE_KM`.
The guess was fitted from measured pairs of European cities, see docs/data.md.  Distance explains
half of what is measured, so a hard limit adds the margin that nine of ten pairs keep to.  Where
`plan.coordinates` knows better it is asked instead, and has a smaller margin of its own.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from hanza.model.policy import Point

PRIOR_MS = 11.1
PRIOR_MS_PER_KM = 0.0213
MARGIN_MS = 20.9
SAME_PLACE_KM = 10.0
"""Across a city: what light needs for it is not worth telling."""
LIGHT_IN_FIBRE_KM_PER_MS = 204.2
"""299.79 in vacuum, by the 1.468 that glass slows it down."""
PLACES_GOOD_TO_KM = 25.0
"""How far site and probe together may stand from where people said that they do."""
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Milliseconds, and how much more it may be where nobody has measured."""

    ms: float
    margin_ms: float
    by: str = "distance"
    """What it was guessed by, where nobody has measured."""

    @property
    def worst_ms(self) -> float:
        return self.ms + self.margin_ms

    @property
    def words(self) -> str:
        if not self.margin_ms:
            return f"{self.ms:.0f} ms"
        return f"{self.ms:.0f} ms by {self.by}, {self.worst_ms:.0f} ms with the margin"


def distance_km(latitude: float, longitude: float, point: Point) -> float:
    """Along the great circle."""
    here, there = math.radians(latitude), math.radians(point.latitude)
    half_turn = math.radians(point.longitude - longitude) / 2
    chord = (
        math.sin((there - here) / 2) ** 2
        + math.cos(here) * math.cos(there) * math.sin(half_turn) ** 2
    )
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))


def round_trip(
    latitude: float, longitude: float, measured: Mapping[Point, float], point: Point
) -> RoundTrip:
    """What was measured to the nearest place that is the point's too, else the guess."""
    away = ((distance_km(one.latitude, one.longitude, point), one) for one in measured)
    same = min((found for found in away if found[0] <= SAME_PLACE_KM), default=None)
    if same is not None:
        return RoundTrip(measured[same[1]], 0.0)
    return guess(latitude, longitude, point)


def guess(latitude: float, longitude: float, point: Point) -> RoundTrip:
    """By distance alone, with the margin."""
    km = distance_km(latitude, longitude, point)
    return RoundTrip(PRIOR_MS + PRIOR_MS_PER_KM * km, MARGIN_MS)


def least_ms(latitude: float, longitude: float, point: Point) -> float:
    """What light in fibre needs there and back: whoever says less is wrong, or lies."""
    km = max(distance_km(latitude, longitude, point) - PLACES_GOOD_TO_KM, 0.0)
    return 2 * km / LIGHT_IN_FIBRE_KM_PER_MS


@functools.lru_cache(maxsize=4096)
def least_between_ms(one: Point, other: Point) -> float:
    """What light in fibre needs from one point to the other and back, by way of any place.

    No place has two round trips to the two that are less than this together, also where what was
    measured to a probe counts for a point near it.
    """
    km = distance_km(one.latitude, one.longitude, other) - 2 * (PLACES_GOOD_TO_KM + SAME_PLACE_KM)
    return 2 * max(km, 0.0) / LIGHT_IN_FIBRE_KM_PER_MS
