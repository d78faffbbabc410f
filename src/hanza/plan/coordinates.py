"""Round trips that nobody has measured, predicted from those that somebody has.

Each site and probe has a place in a space of milliseconds and a height, the time to reach the
network at all; two are as far apart as their places, and both heights.  Places begin on the globe
and heights at half the guess for any line, so that without any measurement the prediction is the
guess by distance; each measurement then pulls or pushes its two ends, as springs would (Vivaldi,
Dabek et al., SIGCOMM 2004), and a weak spring holds everybody to where it began.

Promises: deterministic, whatever the order; symmetric; never below what light needs.  The error is
found out and not assumed: measurements are left out in turn and predicted from the others, and
nine of ten stay within the margin that is said.  Where that margin is not better than the guess's,
or too few were left out to say, there is no prediction.  Triangles that do not close are what it
errs by: 40 of 100 triples of European cities are such by more than a tenth.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hanza.model.policy import Point
from hanza.plan.nearness import (
    MARGIN_MS,
    PRIOR_MS,
    PRIOR_MS_PER_KM,
    SAME_PLACE_KM,
    RoundTrip,
    distance_km,
    least_ms,
)

Floats: TypeAlias = NDArray[np.float64]
NodeId: TypeAlias = str
Pair: TypeAlias = tuple[NodeId, NodeId]
EARTH_KM = 6371.0
ROUNDS = 150
STEP = 0.5
ANCHOR = 2.0
"""How many measurements the spring to where a node began is worth."""
PULL_MAX_MS = 3 * MARGIN_MS
"""What one measurement may pull at most: an absurd one bends little."""
FOLDS = 5
LEFT_OUT_MIN = 20
"""Fewer predictions than that say nothing about nine of ten."""


@dataclass(frozen=True, slots=True)
class Coordinate:
    """Milliseconds: a place, and the height above it."""

    x: float
    y: float
    z: float
    height: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a round trip most likely is, and how far off nine of ten such words are at most."""

    ms: float
    margin_ms: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """Where everybody is; `margin_ms` is None where nothing can be said for it."""

    nodes: Mapping[NodeId, Coordinate]
    places: Mapping[NodeId, Point]
    margin_ms: float | None
    left_out: int
    """How many measurements were predicted from the others, to find the margin."""
    _near: dict[Point, list[NodeId]] = field(default_factory=dict, compare=False, repr=False)
    """Who is at the place of a point, the nearest first: it is asked for every site."""

    def predict(self, one: NodeId, other: NodeId) -> Prediction | None:
        """Between two nodes; None where a guess by distance is no worse."""
        here, there = self.nodes.get(one), self.nodes.get(other)
        if self.margin_ms is None or here is None or there is None:
            return None
        least = _light_ms(self.places[min(one, other)], self.places[max(one, other)])
        return Prediction(max(_between(here, there), least), self.margin_ms)

    def node_at(self, point: Point, besides: NodeId) -> NodeId | None:
        """The nearest node at the point's place that is not `besides`."""
        return next((name for name in self._nodes_at(point) if name != besides), None)

    def trip(self, site: NodeId, point: Point) -> RoundTrip | None:
        """From a site to a point that a node is at; None where a guess by distance is no worse.

        Where it is alone there, as to another one with a line like its own.
        """
        if self.margin_ms is None or not self._nodes_at(point):
            return None
        found = self.predict(site, self.node_at(point, besides=site) or site)
        return None if found is None else RoundTrip(found.ms, found.margin_ms, "coordinates")

    def _nodes_at(self, point: Point) -> list[NodeId]:
        near = self._near.get(point)
        if near is None:
            away = (
                (distance_km(place.latitude, place.longitude, point), name)
                for name, place in self.places.items()
            )
            near = [name for km, name in sorted(away) if km <= SAME_PLACE_KM]
            self._near[point] = near
        return near


NOTHING = Fitted({}, {}, None, 0)


def fit(places: Mapping[NodeId, Point], measured: Mapping[Pair, float]) -> Fitted:
    """Find where everybody is.  Nodes that nothing was measured to are left out.

    Of two measurements of one pair, one each way, the smaller counts: a busy moment only adds.
    """
    pairs = _joined(places, measured)
    names = sorted({name for pair in pairs for name in pair})
    if not pairs:
        return NOTHING
    found = _settled(names, places, pairs)
    errors = _errors_left_out(names, places, pairs)
    margin = float(np.quantile(errors, 0.9)) if len(errors) >= LEFT_OUT_MIN else None
    return Fitted(
        found,
        {name: places[name] for name in names},
        margin if margin is not None and margin < MARGIN_MS else None,
        len(errors),
    )


def _joined(places: Mapping[NodeId, Point], measured: Mapping[Pair, float]) -> dict[Pair, float]:
    """Each pair once, in the order of its names."""
    pairs: dict[Pair, float] = {}
    for (one, other), ms in sorted(measured.items()):
        if one != other and one in places and other in places:
            pair = (min(one, other), max(one, other))
            pairs[pair] = min(ms, pairs.get(pair, ms))
    return dict(sorted(pairs.items()))


def _errors_left_out(
    names: Sequence[NodeId], places: Mapping[NodeId, Point], pairs: Mapping[Pair, float]
) -> list[float]:
    """How far off the predictions are of those left out, which the others did not know."""
    errors = []
    for fold in range(FOLDS):
        kept = {pair: ms for pair, ms in pairs.items() if _fold_of(pair) != fold}
        known = {name for pair in kept for name in pair}
        found = _settled(names, places, kept)
        errors += [
            abs(ms - _between(found[one], found[other]))
            for (one, other), ms in pairs.items()
            if _fold_of((one, other)) == fold and one in known and other in known
        ]
    return errors


def _fold_of(pair: Pair) -> int:
    return hashlib.sha256("\0".join(pair).encode()).digest()[0] % FOLDS


def _settled(
    names: Sequence[NodeId], places: Mapping[NodeId, Point], pairs: Mapping[Pair, float]
) -> dict[NodeId, Coordinate]:
    """Let the springs pull until they rest."""
    at = {name: number for number, name in enumerate(names)}
    ends = np.array([[at[one], at[other]] for one, other in pairs], dtype=np.int64).reshape(-1, 2)
    ms = np.array(list(pairs.values()), dtype=np.float64)
    began = np.array([_on_globe(places[name]) for name in names], dtype=np.float64)
    where, heights = began.copy(), np.full(len(names), PRIOR_MS / 2)
    degrees = np.bincount(ends.ravel(), minlength=len(names)) + ANCHOR
    for _ in range(ROUNDS):
        gaps = where[ends[:, 0]] - where[ends[:, 1]]
        far = np.linalg.norm(gaps, axis=1)
        lacking = ms - far - heights[ends[:, 0]] - heights[ends[:, 1]]
        pull = np.clip(lacking, -PULL_MAX_MS, PULL_MAX_MS) / 2
        # Two at one spot have no direction between them: their heights take all of it.
        along = gaps * (pull / np.maximum(far, 1e-9) * (far > 1e-6))[:, None]
        where += STEP * _summed(len(names), ends, along, -along) / degrees[:, None]
        where += STEP * ANCHOR * (began - where) / degrees[:, None]
        heights += STEP * _summed(len(names), ends, pull[:, None], pull[:, None])[:, 0] / degrees
        heights += STEP * ANCHOR * (PRIOR_MS / 2 - heights) / degrees
        heights = np.maximum(heights, 0.0)
    return {name: _at(where[n], heights[n]) for name, n in at.items()}


def _at(where: Floats, height: np.float64) -> Coordinate:
    x, y, z = where.tolist()
    return Coordinate(x, y, z, float(height))


def _summed(nodes: int, ends: NDArray[np.int64], first: Floats, second: Floats) -> Floats:
    """For each node the sum of what its springs say."""
    said = zip((ends[:, 0], ends[:, 1]), (first, second), strict=True)
    columns = [
        np.bincount(end, weights=one[:, at], minlength=nodes)
        for end, one in said
        for at in range(one.shape[1])
    ]
    wide = len(columns) // 2
    return np.stack([columns[at] + columns[wide + at] for at in range(wide)], axis=1)


def _between(one: Coordinate, other: Coordinate) -> float:
    far = math.dist((one.x, one.y, one.z), (other.x, other.y, other.z))
    return far + (one.height + other.height)


def _on_globe(point: Point) -> tuple[float, float, float]:
    latitude, longitude = math.radians(point.latitude), math.radians(point.longitude)
    scale = EARTH_KM * PRIOR_MS_PER_KM
    return (
        scale * math.cos(latitude) * math.cos(longitude),
        scale * math.cos(latitude) * math.sin(longitude),
        scale * math.sin(latitude),
    )


def _light_ms(one: Point, other: Point) -> float:
    return least_ms(one.latitude, one.longitude, other)
