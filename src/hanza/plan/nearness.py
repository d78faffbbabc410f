"""How far a site is from a point in round-trip time: measured, or guessed by distance.

The guess was fitted from measured pairs of European cities, see docs/data.md.  Distance explains
half of what is measured, so a hard limit adds the margin that nine of ten pairs keep to.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hanza.model.policy import Point

PRIOR_MS = 11.1
PRIOR_MS_PER_KM = 0.0213
MARGIN_MS = 20.9
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Milliseconds, and how much more it may be where nobody has measured."""

    ms: float
    margin_ms: float

    @property
    def worst_ms(self) -> float:
        return self.ms + self.margin_ms

    @property
    def words(self) -> str:
        if not self.margin_ms:
            return f"{self.ms:.0f} ms"
        return f"{self.ms:.0f} ms by distance, {self.worst_ms:.0f} ms with the margin"


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
    latitude: float, longitude: float, measured: Mapping[str, float], point: Point
) -> RoundTrip:
    """What was measured under the point's name, else the guess by distance."""
    known = measured.get(point.name)
    if known is not None:
        return RoundTrip(known, 0.0)
    km = distance_km(latitude, longitude, point)
    return RoundTrip(PRIOR_MS + PRIOR_MS_PER_KM * km, MARGIN_MS)
