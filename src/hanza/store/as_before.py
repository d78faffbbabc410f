"""How something was before a change that may be taken back: kept, and said again.

The standard's document of it says what it said, and its log goes on.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from hanza.model.errors import Conflict
from hanza.model.resource import Resource
from hanza.model.volume import Before
from hanza.plan.seca.conditions import History, taken_back
from hanza.store.resources import find_by_id, is_standing, update_resource, workspace_of
from hanza.store.tx import Tx


def before_to_json(before: Before) -> dict[str, Any]:
    at, manifest = before.since.isoformat(), before.manifest.hex()
    return asdict(before) | {"since": at, "manifest": manifest}


def before_from_json(value: Any) -> Before | None:
    """As `before_to_json` wrote it."""
    if value is None:
        return None
    at, manifest = datetime.fromisoformat(value["since"]), bytes.fromhex(value["manifest"])
    return Before(**value | {"since": at, "manifest": manifest})


def resource_as_before(
    tx: Tx, resource: str, spec: Mapping[str, object] | None, now: datetime
) -> Resource | None:
    """Write it with the spec of before, None for the one that it has; its log goes on.

    None where there is no such document.  Raises `Conflict` where its workspace is to end.
    """
    known = find_by_id(tx, resource)
    if known is None:
        return None
    if not is_standing(tx, workspace_of(known.path)):
        raise Conflict(f"the workspace {known.path.workspace} is to end too")
    history = taken_back(History(known.conditions, known.owed), now)
    words = known.words if spec is None else replace(known.words, spec=spec)
    as_before = replace(
        known,
        words=words,
        version=known.version + 1,
        modified_at=now,
        deleted_at=None,
        conditions=history.log,
        owed=history.owed,
    )
    return update_resource(tx, as_before)
