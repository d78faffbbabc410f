"""Where sites and probes are, as placement sees it: the same for every plane, until it is another.

What moves nobody by more than `MOVED_MS` is not written: each change has every site looked at anew.
"""

import functools
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hanza.model.policy import Point
from hanza.plan.coordinates import NOTHING, Coordinate, Fitted
from hanza.store.changes import note_change
from hanza.store.database import upsert
from hanza.store.mesh_tables import fits
from hanza.store.prepared import Prepared
from hanza.store.tx import Tx

MOVED_MS = 1.0
ONLY = 1
_TOLD = Prepared(sa.select(fits.c.told))


class _Node(msgspec.Struct, array_like=True):
    x: float
    y: float
    z: float
    height: float
    latitude: float
    longitude: float


class _Fit(msgspec.Struct, array_like=True):
    margin_ms: float
    left_out: int
    nodes: dict[str, _Node]


def get_fit(tx: Tx) -> Fitted:
    """The very same object where nothing is new; `NOTHING` where nothing can be said."""
    row = _TOLD.first(tx, {})
    return NOTHING if row is None else _read(row.told)


def put_fit(tx: Tx, fitted: Fitted, now: datetime) -> bool:
    """Have placement see it so; whether that is another than before."""
    if not _is_another(get_fit(tx), fitted):
        return False
    if fitted.margin_ms is None:
        tx.execute(sa.delete(fits))
    else:
        row = {"id": ONLY, "told": _written(fitted, fitted.margin_ms), "at": now}
        upsert(tx, fits, ("id",), row)
    note_change(tx, "grounds")
    return True


def _is_another(known: Fitted, found: Fitted) -> bool:
    if known.margin_ms is None or found.margin_ms is None:
        return known.margin_ms is not found.margin_ms
    if known.places != found.places or abs(known.margin_ms - found.margin_ms) > MOVED_MS:
        return True
    moves = ((one, found.nodes[name]) for name, one in known.nodes.items())
    return any(_moved(one, other) > MOVED_MS for one, other in moves)


def _moved(one: Coordinate, other: Coordinate) -> float:
    return max(
        abs(one.x - other.x),
        abs(one.y - other.y),
        abs(one.z - other.z),
        abs(one.height - other.height),
    )


def _written(fitted: Fitted, margin_ms: float) -> str:
    nodes = {
        name: _Node(
            *(one.x, one.y, one.z, one.height),
            *(fitted.places[name].latitude, fitted.places[name].longitude),
        )
        for name, one in fitted.nodes.items()
    }
    return msgspec.json.encode(_Fit(margin_ms, fitted.left_out, nodes)).decode()


@functools.lru_cache(maxsize=4)
def _read(told: str) -> Fitted:
    fit = msgspec.json.decode(told, type=_Fit)
    return Fitted(
        {name: Coordinate(one.x, one.y, one.z, one.height) for name, one in fit.nodes.items()},
        {name: Point(name, one.latitude, one.longitude) for name, one in fit.nodes.items()},
        fit.margin_ms,
        fit.left_out,
    )
