"""Cuts the map of Europe out of world-atlas, once: `python scripts/europe.py countries-50m.json`.

Reads the TopoJSON of countries and writes `web/src/europe.json`: for each country the path of its
outline as the page draws it, already projected (Lambert's equal areas about 10° E, 52° N, as
Europe's own ETRS89-LAEA), simplified and cut to the frame.  Borders are simplified as the arcs
that two neighbours share, so that no gap opens between them.  `web/src/projection.ts` projects
points in the same way; a browser test holds the two together.
"""

import json
import math
import sys
from pathlib import Path

OUT = Path(__file__).parents[1] / "web" / "src" / "europe.json"
RADIUS_KM, CENTRE_LATITUDE, CENTRE_LONGITUDE = 6371.0, 52.0, 10.0
LEFT_KM, TOP_KM, KM_WIDE, KM_HIGH = -1860.0, 1500.0, 3560.0, 3280.0
UNITS_WIDE = 1000.0
MARGIN = 12.0
TOLERANCE = 0.55
AREA_MIN = 3.0
CODES = {
    "Albania": "AL", "Algeria": "DZ", "Andorra": "AD", "Austria": "AT", "Belarus": "BY",
    "Belgium": "BE", "Bosnia and Herz.": "BA", "Bulgaria": "BG", "Croatia": "HR", "Cyprus": "CY",
    "Czechia": "CZ", "Denmark": "DK", "Estonia": "EE", "Faeroe Is.": "FO", "Finland": "FI",
    "France": "FR", "Germany": "DE", "Greece": "GR", "Guernsey": "GG", "Hungary": "HU",
    "Iceland": "IS", "Ireland": "IE", "Isle of Man": "IM", "Italy": "IT", "Jersey": "JE",
    "Kosovo": "XK", "Latvia": "LV", "Libya": "LY", "Liechtenstein": "LI", "Lithuania": "LT",
    "Luxembourg": "LU", "Macedonia": "MK", "Malta": "MT", "Moldova": "MD", "Monaco": "MC",
    "Montenegro": "ME", "Morocco": "MA", "Netherlands": "NL", "Norway": "NO", "Poland": "PL",
    "Portugal": "PT", "Romania": "RO", "Russia": "RU", "San Marino": "SM", "Serbia": "RS",
    "Slovakia": "SK", "Slovenia": "SI", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH",
    "Tunisia": "TN", "Turkey": "TR", "Ukraine": "UA", "United Kingdom": "GB", "Vatican": "VA",
    "Åland": "AX", "Syria": "SY", "Lebanon": "LB",
}  # fmt: skip

Point = tuple[float, float]


def project(longitude: float, latitude: float) -> Point:
    """Degrees to units of the drawing, of which 1000 are the width of the frame."""
    phi, turn = math.radians(latitude), math.radians(longitude - CENTRE_LONGITUDE)
    middle = math.radians(CENTRE_LATITUDE)
    cosine = math.sin(middle) * math.sin(phi) + math.cos(middle) * math.cos(phi) * math.cos(turn)
    scale = RADIUS_KM * math.sqrt(2 / max(1 + cosine, 1e-9))
    x = scale * math.cos(phi) * math.sin(turn)
    y = math.cos(middle) * math.sin(phi) - math.sin(middle) * math.cos(phi) * math.cos(turn)
    unit = UNITS_WIDE / KM_WIDE
    return (x - LEFT_KM) * unit, (TOP_KM - scale * y) * unit


def arcs_of(topology: dict) -> list[list[Point]]:
    """Every arc, projected and simplified."""
    (scale_x, scale_y), (move_x, move_y) = (
        topology["transform"]["scale"], topology["transform"]["translate"]
    )  # fmt: skip
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append(project(x * scale_x + move_x, y * scale_y + move_y))
        found.append(simplified(points))
    return found


def simplified(points: list[Point]) -> list[Point]:
    """Douglas and Peucker's, with the ends kept; a closed arc is halved first."""
    if len(points) > 3 and points[0] == points[-1]:
        middle = max(range(len(points)), key=lambda at: math.dist(points[0], points[at]))
        return simplified(points[: middle + 1])[:-1] + simplified(points[middle:])
    if len(points) < 3:
        return points
    far, at = max((away(points[n], points[0], points[-1]), n) for n in range(1, len(points) - 1))
    if far < TOLERANCE:
        return [points[0], points[-1]]
    return simplified(points[: at + 1])[:-1] + simplified(points[at:])


def away(point: Point, start: Point, end: Point) -> float:
    """How far the point is from the line."""
    length = math.dist(start, end)
    if length == 0:
        return math.dist(point, start)
    across, down = end[0] - start[0], end[1] - start[1]
    cross = across * (start[1] - point[1]) - (start[0] - point[0]) * down
    return abs(cross) / length


def ring_of(arcs: list[list[Point]], numbers: list[int]) -> list[Point]:
    ring: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring += arc[1:] if ring else arc
    return ring


def cut(ring: list[Point]) -> list[Point]:
    """What of the ring is in the frame and a margin: Sutherland and Hodgman's, edge by edge."""
    high = UNITS_WIDE * KM_HIGH / KM_WIDE
    right, bottom = UNITS_WIDE + MARGIN, high + MARGIN
    for axis, limit, sign in ((0, -MARGIN, 1), (0, right, -1), (1, -MARGIN, 1), (1, bottom, -1)):
        kept: list[Point] = []
        for at, point in enumerate(ring):
            before = ring[at - 1]
            is_in, was_in = sign * (point[axis] - limit) >= 0, sign * (before[axis] - limit) >= 0
            if is_in != was_in:
                share = (limit - before[axis]) / (point[axis] - before[axis])
                kept.append(tuple(a + share * (b - a) for a, b in zip(before, point, strict=True)))
            if is_in:
                kept.append(point)
        ring = kept
    return ring


def area_of(ring: list[Point]) -> float:
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def path_of(rings: list[list[Point]]) -> str:
    def said(ring: list[Point]) -> str:
        words = [f"{round(x * 10) / 10:g} {round(y * 10) / 10:g}" for x, y in ring]
        kept = (word for n, word in enumerate(words) if n == 0 or word != words[n - 1])
        return "M" + "L".join(kept)

    return "".join(f"{said(ring)}Z" for ring in rings)


def main() -> None:
    topology = json.loads(Path(sys.argv[1]).read_text())
    arcs = arcs_of(topology)
    countries = {}
    for one in topology["objects"]["countries"]["geometries"]:
        code = CODES.get(one["properties"]["name"])
        if code is None:
            continue
        polygons = one["arcs"] if one["type"] == "MultiPolygon" else [one["arcs"]]
        rings = [cut(ring_of(arcs, ring)) for polygon in polygons for ring in polygon]
        rings = [ring for ring in rings if len(ring) > 2 and area_of(ring) >= AREA_MIN]
        if rings:
            countries[code] = path_of(rings)
    frame = [UNITS_WIDE, round(UNITS_WIDE * KM_HIGH / KM_WIDE)]
    document = {"frame": frame, "countries": dict(sorted(countries.items()))}
    OUT.write_text(json.dumps(document, ensure_ascii=False, indent=0) + "\n")


if __name__ == "__main__":
    main()
