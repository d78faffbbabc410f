"""Writing resources: what every kind shares of a PUT and a DELETE, in one transaction each.

Order of a PUT: what no state of the world would make right is refused first, then what is not
there, then what is there in another way; only then does the kind's own rule write anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from hanza.api.calls import Answer, Call, Handler
from hanza.api.counting import count_resource
from hanza.api.seca.places import get_region
from hanza.api.seca.reading import JSON, not_there, path_of
from hanza.api.seca.references import check_references
from hanza.model import kinds
from hanza.model.errors import Conflict, InUse, Invalid
from hanza.model.kinds import Kind
from hanza.model.resource import Path, Resource
from hanza.plan.seca.conditions import History, Outlook, advanced, changed, requested
from hanza.plan.seca.envelope import check_name, check_request, check_version
from hanza.plan.seca.regions import Region
from hanza.plan.seca.shape import check_kept
from hanza.store.events import append_event
from hanza.store.resources import (
    find_resource,
    insert_resource,
    list_inside,
    remove_resource,
    update_resource,
)
from hanza.store.tenants import get_tenant
from hanza.store.tx import Tx
from hanza.wire.seca.documents import Request, request_from_json, resource_to_json

VERSION_HEADER = "if-unmodified-since"


@dataclass(frozen=True, slots=True)
class Put:
    """One PUT, before anything of it was looked up."""

    path: Path
    request: Request
    version: str | None
    new_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What a PUT leads to so far: the resource with its new words, and what was before."""

    resource: Resource
    known: Resource | None
    region: Region
    now: datetime

    @property
    def history(self) -> History:
        known = self.known
        if known is None:
            return requested(self.now)
        return changed(History(known.conditions, known.owed), self.now)

    def done(self, history: History, status: dict[str, object]) -> Resource:
        return replace(self.resource, conditions=history.log, owed=history.owed, status=status)


PutRule: TypeAlias = Callable[[Tx, Change], Resource]
"""Turns a change into the resource to write, and writes whatever else it means."""
DeleteRule: TypeAlias = Callable[[Tx, Resource, datetime], bool]
"""Whether nothing is left of it at once.  Raises `InUse` when it must stay."""


def putter(kind: Kind, prefix: str, rule: PutRule) -> Handler:
    def put(call: Call) -> Answer:
        plane, now = call.plane, call.plane.clock.now()
        request, version = request_from_json(call.body), call.headers.get(VERSION_HEADER)
        wish = Put(path_of(call, kind), request, version, plane.ids.new(prefix), now)
        resource = plane.store.write(write_put, wish, rule)
        plane.wake()
        status = 201 if resource.id == wish.new_id else 200
        return Answer(status, resource_to_json(resource, "PUT"), JSON)

    return put


def deleter(kind: Kind, rule: DeleteRule) -> Handler:
    def delete(call: Call) -> Answer:
        path, version = path_of(call, kind), call.headers.get(VERSION_HEADER)
        call.plane.store.write(write_delete, path, version, rule, call.plane.clock.now())
        call.plane.wake()
        return Answer(202)

    return delete


def write_put(tx: Tx, put: Put, rule: PutRule) -> Resource:
    path, words = put.path, put.request.words
    check_request(path, words, put.request.region)
    tenant, region = get_tenant(tx, path.tenant), get_region(tx, path.region)
    _check_workspace(tx, path)
    known = find_resource(tx, path)
    check_version(put.version, known.version if known else None)
    if known is not None:
        _check_known(known, path)
        check_kept(known.words.spec, words.spec, path.kind.spec, "spec")
    check_references(tx, path, words.spec, tenant.references)
    count_resource(tx, path, known, words)
    resource = rule(tx, Change(_next(put, known), known, region, put.now))
    (insert_resource if known is None else update_resource)(tx, resource)
    verb = "created" if known is None else "changed"
    text = f"{path.kind.name} {path.name} was {verb}"
    append_event(tx, put.now, f"{path.kind.name}.{verb}", resource.id, text, path.tenant)
    return resource


def write_delete(tx: Tx, path: Path, version: str | None, rule: DeleteRule, now: datetime) -> None:
    """Ask for its end; twice is once."""
    known = find_resource(tx, path)
    if known is None or known.path.region != path.region:
        raise not_there(path)
    check_version(version, known.version)
    if known.deleted_at is not None:
        return
    text = f"{path.kind.name} {path.name} is to end"
    append_event(tx, now, f"{path.kind.name}.ending", known.id, text, path.tenant)
    if rule(tx, known, now):
        remove_resource(tx, known)
        return
    history = advanced(History(known.conditions, known.owed), Outlook("deleting"), now)
    update_resource(
        tx,
        replace(
            known,
            deleted_at=now,
            modified_at=now,
            version=known.version + 1,
            conditions=history.log,
            owed=history.owed,
        ),
    )


def put_at_once(tx: Tx, change: Change) -> Resource:  # noqa: ARG001 -- a rule
    """For what is done as soon as it is written down."""
    return change.done(advanced(change.history, Outlook("active"), change.now), {})


def delete_at_once(tx: Tx, known: Resource, now: datetime) -> bool:  # noqa: ARG001 -- a rule
    return True


def delete_workspace(tx: Tx, known: Resource, now: datetime) -> bool:  # noqa: ARG001 -- a rule
    """Refused while something of worth lives in it; what is ending already does not count."""
    inside = list_inside(tx, known.path.tenant, known.path.name)
    for one in inside:
        if one.path.kind.keeps_workspace and one.deleted_at is None:
            what = f"{one.path.kind.name} {one.path.name!r}"
            raise InUse(f"{what} is still in it", hint="delete that first")
    return not inside


def _next(put: Put, known: Resource | None) -> Resource:
    words, now = put.request.words, put.now
    if known is not None:
        return replace(known, words=words, version=known.version + 1, modified_at=now)
    return Resource(put.new_id, put.path, words, 1, now, now, None, (), 0, {})


def _check_known(known: Resource, path: Path) -> None:
    if known.deleted_at is not None:
        raise Conflict(f"{path.name!r} is being deleted", hint="wait until it is gone")
    if known.path.region != path.region:
        text = f"{path.name!r} is in region {known.path.region!r} already"
        raise Conflict(text, hint="names are unique over all regions of a tenant")


def _check_workspace(tx: Tx, path: Path) -> None:
    if path.kind.scope != "workspace":
        return
    check_name(path.workspace, kinds.ID_CHARACTERS_MAX, "workspace")
    there = Path(kinds.WORKSPACE, path.region, path.tenant, "", path.workspace)
    found = find_resource(tx, there)
    if found is None or found.deleted_at is not None or found.path.region != path.region:
        text = f"there is no workspace {path.workspace!r} in region {path.region!r}"
        raise Invalid(text, field="workspace")
