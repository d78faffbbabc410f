"""The cities of Europe and the carbon of its grids, as packaged files; credits in docs/data.md.

Read once, then passed on as values.  A city is found by its name whatever the accents and the
case; of several with one name the largest is meant, unless the country is said: `Frankfurt, DE`.
"""

import csv
import difflib
import functools
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from hanza.model.errors import Invalid
from hanza.model.policy import Point
from hanza.model.site import Country


@dataclass(frozen=True, slots=True)
class Cities:
    """Points by folded name, with and without the country."""

    points: Mapping[str, Point]

    def find(self, name: str, field: str) -> Point:
        """Raises `Invalid`, with what may have been meant."""
        found = self.points.get(_folded(name))
        if found is not None:
            return found
        close = difflib.get_close_matches(_folded(name), self.points, n=3, cutoff=0.8)
        meant = " or ".join(dict.fromkeys(self.points[one].name for one in close))
        raise Invalid(
            f"{name[:60]!r} is no city of 15,000 inhabitants or more in Europe",
            field=field,
            hint=f"perhaps {meant}" if meant else "give its latitude and longitude instead",
        )


@functools.cache
def load_cities() -> Cities:
    points: dict[str, Point] = {}
    for row in _rows("cities.csv"):  # the largest first, so the first of a name is kept
        name, country = row["name"], row["country"]
        point = Point(f"{name}, {country}", float(row["latitude"]), float(row["longitude"]))
        for key in (name, point.name):
            points.setdefault(_folded(key), point)
    return Cities(MappingProxyType(points))


@functools.cache
def load_carbon() -> Mapping[Country, float]:
    """Grams of CO2 for one kilowatt-hour, the yearly average, by country."""
    rows = _rows("carbon.csv")
    return MappingProxyType({row["iso2"]: float(row["gco2_per_kwh"]) for row in rows})


def _rows(file: str) -> Iterator[dict[str, str]]:
    text = files(__name__).joinpath(file).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name[:200])
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    return " ".join(kept.casefold().replace(",", " ").split())
