"""Writing resources: what every kind shares of a PUT and a DELETE, in one transaction each.

Order of a PUT: what no state of the world would make right is refused first, then what is not
there, then what is there in another way; only then does the kind's own rule write anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from hanza.api.calls import Answer, AsyncHandler, Call
from hanza.api.counting import count_resource
from hanza.api.identity import Principal
from hanza.api.seca.places import get_region
from hanza.api.seca.reading import JSON, not_there, path_of
from hanza.api.seca.references import check_references
from hanza.model import kinds
from hanza.model.errors import Conflict, InUse, Invalid
from hanza.model.kinds import Kind
from hanza.model.resource import Path, Resource
from hanza.plan.seca.conditions import History, Outlook, advanced, changed, requested
from hanza.plan.seca.envelope import (
    check_name,
    check_request,
    check_reserved,
    check_version,
    urn_of,
)
from hanza.plan.seca.regions import WHOLE, Region
from hanza.plan.seca.shape import check_kept, without_nulls
from hanza.store.events import Whose, append_event
from hanza.store.resources import (
    find_resource,
    insert_resource,
    is_standing,
    list_inside,
    network_of,
    remove_resource,
    update_resource,
    workspace_of,
)
from hanza.store.tenants import get_tenant
from hanza.store.tx import Tx
from hanza.store.users import forget_creator, grant_to_creator
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
    who: Principal | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a PUT leads to so far: the resource with its new words, and what was before."""

    resource: Resource
    known: Resource | None
    region: Region
    """The whole federation for what is of no region."""
    now: datetime
    who: Principal | None = None

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


def putter(kind: Kind, prefix: str, rule: PutRule) -> AsyncHandler:
    async def put(call: Call) -> Answer:
        plane, now = call.plane, call.plane.clock.now()
        request, version = _request_of(call, kind), call.headers.get(VERSION_HEADER)
        wish = Put(path_of(call, kind), request, version, plane.ids.new(prefix), now, call.who)
        resource = await plane.store.write_soon(write_put, wish, rule)
        plane.wake()
        status = 201 if resource.id == wish.new_id else 200
        return Answer(status, resource_to_json(resource, "PUT"), JSON)

    return put


def _request_of(call: Call, kind: Kind) -> Request:
    request = request_from_json(call.body)
    spec = without_nulls(request.words.spec, kind.spec)
    assert isinstance(spec, dict), "as it was decoded"
    return replace(request, words=replace(request.words, spec=spec))


def deleter(kind: Kind, rule: DeleteRule) -> AsyncHandler:
    async def delete(call: Call) -> Answer:
        path, version = path_of(call, kind), call.headers.get(VERSION_HEADER)
        now = call.plane.clock.now()
        await call.plane.store.write_soon(write_delete, path, version, rule, now)
        call.plane.wake()
        return Answer(202)

    return delete


def write_put(tx: Tx, put: Put, rule: PutRule) -> Resource:
    path, words = put.path, put.request.words
    check_reserved(path)
    check_request(path, words, put.request.region)
    tenant, region = get_tenant(tx, path.tenant), get_region(tx, path.region or WHOLE)
    _check_parents(tx, path)
    known = find_resource(tx, path)
    check_version(put.version, known.version if known else None)
    if known is not None:
        _check_known(known, path)
        check_kept(known.words.spec, words.spec, path.kind.spec, "spec")
    check_references(tx, path, words.spec, tenant.references, put.who)
    count_resource(tx, path, known, words)
    resource = rule(tx, Change(_next(put, known), known, region, put.now, put.who))
    (insert_resource if known is None else update_resource)(tx, resource)
    if known is None and path.kind == kinds.WORKSPACE:
        _grant(tx, put)
    verb = "created" if known is None else "changed"
    _tell(tx, put.now, verb, resource, f"was {verb}")
    return resource


def _grant(tx: Tx, put: Put) -> None:
    """Who makes a workspace may do everything in it, whatever else they may."""
    path = put.path
    forget_creator(tx, path.tenant, path.name)
    if put.who is not None and not put.who.is_operator:
        grant_to_creator(tx, path.tenant, path.name, put.who.name, put.now)


def write_delete(tx: Tx, path: Path, version: str | None, rule: DeleteRule, now: datetime) -> None:
    """Ask for its end; twice is once."""
    check_reserved(path)
    known = find_resource(tx, path)
    if known is None or known.path.region != path.region:
        raise not_there(path)
    check_version(version, known.version)
    if known.deleted_at is not None:
        return
    _tell(tx, now, "ending", known, "is to end")
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


def delete_parent(tx: Tx, known: Resource, now: datetime) -> bool:
    """For what others are in: refused while it holds one that keeps it.

    The others in it are worth nothing without it, and go with it.  What is ending already does
    not count, and is waited for.
    """
    path, inside = known.path, list_inside(tx, known.path)
    for one in inside:
        # What is in a network of the workspace keeps the network, not the workspace.
        is_direct = path.kind == kinds.NETWORK or not one.path.network
        if one.path.kind.keeps_parent and is_direct and one.deleted_at is None:
            what = f"{one.path.kind.name} {one.path.name!r}"
            raise InUse(f"{what} is still in it", hint="delete that first")
    waiting = [one for one in inside if one.deleted_at is not None]
    for one in inside:
        if one.deleted_at is None:
            text = f"{one.path.kind.name} {one.path.name} ended with its {path.kind.name}"
            whose = Whose(path.tenant, one.path.workspace)
            append_event(tx, now, f"{one.path.kind.name}.ended", one.id, text, whose)
            remove_resource(tx, one)
    return not waiting


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


def _check_parents(tx: Tx, path: Path) -> None:
    """Raises `Invalid` for a path through what is not there."""
    if path.kind.scope in ("workspace", "network"):
        _check_parent(tx, workspace_of(path), path.region)
    if path.kind.scope == "network":
        _check_parent(tx, network_of(path), path.region)


def _check_parent(tx: Tx, parent: Path, region: str) -> None:
    what = parent.kind.name
    check_name(parent.name, kinds.ID_CHARACTERS_MAX, what)
    if not is_standing(tx, parent):
        text = f"there is no {what} {parent.name!r} in region {region!r}"
        raise Invalid(text, field=what)


def _tell(tx: Tx, now: datetime, verb: str, resource: Resource, text: str) -> None:
    """What was asked for, and of what."""
    path = resource.path
    whose = Whose(path.tenant, path.workspace or None, urn_of(path))
    said = f"{path.kind.name} {path.name} {text}"
    append_event(tx, now, f"{path.kind.name}.{verb}", resource.id, said, whose)
