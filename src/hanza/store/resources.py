"""Resources of every kind, each with the document that answers for it: a GET is one read."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
import sqlalchemy as sa

from hanza.model.kinds import BY_NAME, NETWORK, WORKSPACE, Kind
from hanza.model.quota import NONE, Scope
from hanza.model.resource import Path, Resource, Words
from hanza.plan.quota import resource_cost
from hanza.plan.seca.conditions import History
from hanza.plan.seca.selector import EVERYTHING, Selector
from hanza.store.access import KINDS, count_up
from hanza.store.prepared import Prepared, changing, inserting
from hanza.store.quotas import count
from hanza.store.schema import resources
from hanza.store.tx import Tx
from hanza.store.users import forget_creator
from hanza.wire.seca import documents

Deleted: TypeAlias = Literal["without", "with", "only"]


@dataclass(frozen=True, slots=True)
class Page:
    """Which of a collection's resources are asked for, by name."""

    limit: int
    after: str = ""
    selector: Selector = EVERYTHING
    deleted: Deleted = "without"


def insert_resource(tx: Tx, resource: Resource) -> Resource:
    path = resource.path
    place = {"kind": path.kind.name, "region": path.region, "tenant": path.tenant}
    names = {"workspace": path.workspace, "network": path.network, "name": path.name}
    at = {"created_at": resource.created_at}
    _INSERT.run(tx, {"id": resource.id, **place, **names, **at, **_changing(resource)})
    _tell(tx, path.kind)
    return resource


def update_resource(tx: Tx, resource: Resource) -> Resource:
    _CHANGE.run(tx, {"b_id": resource.id, **_changing(resource)})
    _tell(tx, resource.path.kind)
    return resource


def set_history(
    tx: Tx, resource: Resource, history: History, status: Mapping[str, object]
) -> Resource:
    """What the engine has to say; nothing is written when that is nothing new."""
    said = replace(resource, conditions=history.log, owed=history.owed, status=status)
    return resource if said == resource else update_resource(tx, said)


def remove_resource(tx: Tx, resource: Resource) -> None:
    """Nothing is left of it; nor of its workspace, when that only waited for its last one."""
    gone = tx.execute(sa.delete(resources).where(resources.c.id == resource.id)).rowcount
    path = resource.path
    if gone:
        cost = resource_cost(path.kind.name, resource.words.spec)
        count(tx, Scope(path.tenant, path.workspace), NONE - cost)
    _tell(tx, path.kind)
    if path.kind == WORKSPACE:
        forget_creator(tx, path.tenant, path.name)
    if path.workspace:
        workspace = workspace_of(resource.path)
        last = sa.exists().where(*_inside(workspace))
        row = (*_named(workspace), resources.c.deleted_at.is_not(None))
        if not tx.scalar(sa.select(last)) and tx.execute(sa.delete(resources).where(*row)).rowcount:
            forget_creator(tx, workspace.tenant, workspace.name)


def workspace_of(path: Path) -> Path:
    """Where the workspace is that something is in."""
    return Path(WORKSPACE, path.region, path.tenant, "", path.workspace)


def network_of(path: Path) -> Path:
    """Where the network is that something is in."""
    return Path(NETWORK, path.region, path.tenant, path.workspace, path.network)


def find_resource(tx: Tx, path: Path) -> Resource | None:
    """By name: whatever the path says of the region, the resource's own is told."""
    row = _BY_NAME.first(tx, _names(path))
    return None if row is None else resource_from_row(row)


def is_standing(tx: Tx, path: Path) -> bool:
    """Whether it is there, in the path's region, and not being deleted."""
    return _STANDING.first(tx, {**_names(path), "region": path.region}) is not None


def find_by_id(tx: Tx, resource: str) -> Resource | None:
    row = _BY_ID.first(tx, {"id": resource})
    return None if row is None else resource_from_row(row)


def find_document(tx: Tx, path: Path) -> bytes | None:
    """The rendered resource, if it is there and of the path's region."""
    row = _DOCUMENT.first(tx, {**_names(path), "region": path.region})
    return None if row is None else bytes(row.document)


def list_documents(tx: Tx, path: Path, page: Page) -> tuple[list[bytes], str | None]:
    """One page, and the last name on it when there are more."""
    found: list[tuple[str, bytes]] = []
    for row in _rows(tx, path, page):
        labels = msgspec.json.decode(row.labels) if row.labels else {}
        if page.selector.matches(labels):
            found.append((row.name, bytes(row.document)))
        if len(found) > page.limit:
            break
    more = found[page.limit - 1][0] if len(found) > page.limit else None
    return [document for _, document in found[: page.limit]], more


def list_inside(tx: Tx, parent: Path) -> list[Resource]:
    """Everything in one workspace or network."""
    query = sa.select(resources).where(*_inside(parent))
    return [resource_from_row(row) for row in tx.execute(query.order_by(resources.c.name))]


def count_inside(tx: Tx, tenant: str, workspaces: Collection[str]) -> dict[str, int]:
    """How many resources each of these workspaces has that are not being deleted."""
    query = sa.select(resources.c.workspace, sa.func.count()).where(
        resources.c.tenant == tenant,
        resources.c.workspace.in_(workspaces),
        resources.c.deleted_at.is_(None),
    )
    rows = tx.execute(query.group_by(resources.c.workspace))
    return dict.fromkeys(workspaces, 0) | {name: count for name, count in rows}


def list_all(tx: Tx, path: Path) -> list[Resource]:
    """All of the path's collection that are not being deleted."""
    query = sa.select(resources).where(*_collected(path), resources.c.deleted_at.is_(None))
    return [resource_from_row(row) for row in tx.execute(query.order_by(resources.c.name))]


def _rows(tx: Tx, path: Path, page: Page) -> Iterator[Any]:
    query = sa.select(resources.c.name, resources.c.labels, resources.c.document).where(
        *_collected(path), resources.c.region == path.region, resources.c.name > page.after
    )
    if page.deleted != "with":
        is_deleted = resources.c.deleted_at.is_not(None)
        query = query.where(is_deleted if page.deleted == "only" else sa.not_(is_deleted))
    if not page.selector.terms:
        query = query.limit(page.limit + 1)
    yield from tx.execute(query.order_by(resources.c.name))


def _tell(tx: Tx, kind: Kind) -> None:
    """Who may do what is read from some of them."""
    if kind.name in KINDS:
        count_up(tx)


def _changing(resource: Resource) -> dict[str, Any]:
    own = resource.words
    return {
        "version": resource.version,
        "modified_at": resource.modified_at,
        "deleted_at": resource.deleted_at,
        "labels": _json(own.labels),
        "annotations": _json(own.annotations),
        "extensions": _json(own.extensions),
        "spec": _json(own.spec),
        "conditions": documents.conditions_to_json(resource.conditions),
        "owed": resource.owed,
        "status": _json(resource.status),
        "document": documents.resource_to_json(resource, "GET"),
    }


def resource_from_row(row: sa.Row[tuple[Any, ...]]) -> Resource:
    kind: Kind = BY_NAME[row.kind]
    created_at: datetime = row.created_at
    return Resource(
        id=row.id,
        path=Path(kind, row.region, row.tenant, row.workspace, row.name, row.network),
        words=Words(
            _value(row.labels), _value(row.annotations), _value(row.extensions), _value(row.spec)
        ),
        version=row.version,
        created_at=created_at,
        modified_at=row.modified_at,
        deleted_at=row.deleted_at,
        conditions=documents.conditions_from_json(row.conditions),
        owed=row.owed,
        status=_value(row.status),
    )


def _collected(path: Path) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        resources.c.kind == path.kind.name,
        resources.c.tenant == path.tenant,
        resources.c.workspace == path.workspace,
        resources.c.network == path.network,
    )


def _named(path: Path) -> tuple[sa.ColumnElement[bool], ...]:
    return (*_collected(path), resources.c.name == path.name)


def _names(path: Path) -> dict[str, str]:
    return {
        "kind": path.kind.name,
        "tenant": path.tenant,
        "workspace": path.workspace,
        "network": path.network,
        "name": path.name,
    }


def _inside(parent: Path) -> tuple[sa.ColumnElement[bool], ...]:
    is_own = resources.c.tenant == parent.tenant
    if parent.kind == WORKSPACE:
        return is_own, resources.c.workspace == parent.name
    return (
        is_own,
        resources.c.workspace == parent.workspace,
        resources.c.network == parent.name,
    )


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _value(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


_CHANGING = (
    *("version", "modified_at", "deleted_at", "labels", "annotations", "extensions", "spec"),
    *("conditions", "owed", "status", "document"),
)
_PLACE = ("id", "kind", "region", "tenant", "workspace", "network", "name", "created_at")
_INSERT = Prepared(inserting(resources, *_PLACE, *_CHANGING))
_CHANGE = Prepared(changing(resources, *_CHANGING).where(resources.c.id == sa.bindparam("b_id")))
_BY_ID = Prepared(sa.select(resources).where(resources.c.id == sa.bindparam("id")))
_IS_NAMED = tuple(
    resources.c[name] == sa.bindparam(name)
    for name in ("kind", "tenant", "workspace", "network", "name")
)
_BY_NAME = Prepared(sa.select(resources).where(*_IS_NAMED))
_STANDING = Prepared(
    sa.select(resources.c.id).where(
        *_IS_NAMED, resources.c.region == sa.bindparam("region"), resources.c.deleted_at.is_(None)
    )
)
_DOCUMENT = Prepared(
    sa.select(resources.c.document).where(*_IS_NAMED, resources.c.region == sa.bindparam("region"))
)
