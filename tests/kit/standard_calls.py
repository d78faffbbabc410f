"""The standard's handlers called on a league without any HTTP: each step may be repeated."""

import contextlib
import json
from typing import Any

from hanza.api import tenants
from hanza.api.seca.routes import RULES
from hanza.api.seca.writing import deleter, putter
from hanza.model import kinds
from hanza.model.errors import Conflict, NotFound
from hanza.model.kinds import Kind
from kit.leagues import League

REGION, TENANT, WORKSPACE = "de", "acme", "shop"


def put(
    league: League, kind: Kind, name: str, *, size_gb: int = 1, data: tuple[str, ...] = ()
) -> None:
    """As wished; what is there already in another form stays as it is."""
    with contextlib.suppress(Conflict):
        league.call(tenants.put_tenant, b'{"spec": {}}', tenant=TENANT)
    body = json.dumps({"spec": _spec_of(kind, size_gb, data)}).encode()
    prefix, rule, _ = RULES[kind.name]
    with contextlib.suppress(Conflict):
        league.call(putter(kind, prefix, rule), body, **_path(kind, name))


def delete(league: League, kind: Kind, name: str) -> None:
    with contextlib.suppress(NotFound):  # it was ended before the crash
        league.call(deleter(kind, RULES[kind.name][2]), **_path(kind, name))


def _path(kind: Kind, name: str) -> dict[str, str]:
    inside = {"workspace": WORKSPACE} if kind.scope == "workspace" else {}
    return {"region": REGION, "tenant": TENANT, "name": name, **inside}


def _spec_of(kind: Kind, size_gb: int, data: tuple[str, ...]) -> dict[str, Any]:
    if kind == kinds.BLOCK_STORAGE:
        return {"sizeGB": size_gb, "skuRef": {"resource": "skus/hanza.local"}}
    if kind == kinds.INSTANCE:
        return {
            "skuRef": {"resource": "skus/hanza.xs"},
            "zone": "any",
            "bootVolume": {"deviceRef": {"resource": "block-storages/boot"}},
            "dataVolumes": [{"deviceRef": {"resource": f"block-storages/{one}"}} for one in data],
        }
    return {}
