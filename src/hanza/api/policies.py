"""Policies that are kept for a tenant or a workspace, and what violates them.

A put is held against the level above and those below, and refused with the contradiction it would
be.  What runs already is not touched by it: what its place violates is named in the answer, asked
for with a GET at any time, and told by an event when it begins and when it ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hanza.api.calls import Answer, Call
from hanza.api.rehearsing import DRY_RUN, is_dry
from hanza.api.told import BEGUN, Parameter, keeps, lists, says
from hanza.model.errors import Invalid, NotFound, Outdated
from hanza.model.policy import OVERS, Policy
from hanza.plan.admission import check_name
from hanza.plan.doubts import (
    doubts_of_countries,
    doubts_of_limits,
    doubts_of_providers,
    doubts_of_spreads,
    doubts_of_workspace,
)
from hanza.plan.placement.violations import Violation, find_violations
from hanza.plan.policy import effective, levels_above
from hanza.store.hosts import list_candidates
from hanza.store.names import count_places, look_there, provider_names, used_workspaces
from hanza.store.policies import (
    Kept,
    above_of,
    above_with,
    find_policy,
    keep_policy,
    list_policies,
    remove_policy,
)
from hanza.store.tx import Tx
from hanza.store.violations import Key, key_of, list_noted, list_standing
from hanza.wire import kept_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.places import load_carbon, load_cities

MATCHES = (
    Parameter("If-Match", "header", str, 'The version to change, such as "3", and no other.'),
    Parameter("If-None-Match", "header", Literal["*"], "Only where none is kept yet."),
)


@dataclass(frozen=True, slots=True)
class _Put:
    """A put before anything was looked up; no policy is a removal."""

    tenant: str
    workspace: str
    policy: Policy | None
    match: str | None
    none_match: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class _Outcome:
    kept: Kept
    is_new: bool
    effective: Policy
    violations: list[doc.ViolationDoc]


@says(keeps(doc.KeptDoc), DRY_RUN, *MATCHES, takes=doc.PolicyPut)
def put_policy(call: Call) -> Answer:
    """Keep it; with `dryRun=true` tell what that would be and keep nothing."""
    put = request_from_json(call.body, doc.PolicyPut)
    wish = _put_of(call, doc.policy_from_put(put, load_cities().find))
    plane = call.plane
    if is_dry(call):
        outcome = plane.store.read(_outcome_of, wish)
        return Answer(200, _document(outcome, plane.store.read(_doubts_of, outcome.kept)))
    outcome = plane.store.write(_keep, wish)
    plane.wake()
    warnings = plane.store.read(_doubts_of, outcome.kept)
    return Answer(201 if outcome.is_new else 200, _document(outcome, warnings))


@says({200: doc.KeptDoc})
def get_policy(call: Call) -> Answer:
    tenant, workspace = call.path["tenant"], call.path.get("workspace", "")
    found = call.plane.store.read(_look, tenant, workspace, call.plane.clock.now())
    return Answer(200, _document(found, call.plane.store.read(_doubts_of, found.kept)))


@says(BEGUN, *MATCHES)
def delete_policy(call: Call) -> Answer:
    """Keep it no longer; what it forbade is allowed again, as far as the other levels go."""
    call.plane.store.write(_remove, _put_of(call, None))
    call.plane.wake()
    return Answer(202)


@says(lists(doc.ViolationDoc))
def list_violations(call: Call) -> Answer:
    """What stands where a policy would not have it, this moment."""
    inside = (call.path["tenant"], call.path.get("workspace"))
    found = call.plane.store.read(_violations, *inside, None, call.plane.clock.now())
    return Answer(200, {"items": found})


def _put_of(call: Call, policy: Policy | None) -> _Put:
    workspace = call.path.get("workspace", "")
    check_name(call.path["tenant"], "tenant")
    if workspace:
        check_name(workspace, "workspace")
    return _Put(
        call.path["tenant"],
        workspace,
        policy,
        call.headers.get("if-match"),
        call.headers.get("if-none-match"),
        call.plane.clock.now(),
    )


def _keep(tx: Tx, put: _Put) -> _Outcome:
    known = find_policy(tx, put.tenant, put.workspace)
    outcome = _outcome_of(tx, put)
    if known is None or known.policy != outcome.kept.policy:
        keep_policy(tx, outcome.kept)
    return outcome


def _remove(tx: Tx, put: _Put) -> None:
    known = find_policy(tx, put.tenant, put.workspace)
    _check_match(put, known)
    if known is None:
        raise _nothing_kept(put.tenant, put.workspace)
    remove_policy(tx, known, put.now)


def _look(tx: Tx, tenant: str, workspace: str, now: datetime) -> _Outcome:
    known = find_policy(tx, tenant, workspace)
    if known is None:
        raise _nothing_kept(tenant, workspace)
    levels = levels_above(tenant, workspace, list_policies(tx, tenant))
    found = _violations(tx, tenant, workspace or None, None, now)
    return _Outcome(known, False, effective(levels), found)


def _outcome_of(tx: Tx, put: _Put) -> _Outcome:
    """What keeping it would lead to.  Raises `Contradiction` and `Outdated`."""
    known = find_policy(tx, put.tenant, put.workspace)
    _check_match(put, known)
    assert put.policy is not None, "only a removal has none"
    kept = {**list_policies(tx, put.tenant), put.workspace: put.policy}
    for workspace in sorted(kept):
        if put.workspace in ("", workspace):
            effective(levels_above(put.tenant, workspace, kept))
    violations = _violations(tx, put.tenant, put.workspace or None, kept, put.now)
    levels = levels_above(put.tenant, put.workspace, kept)
    version, changed_at = (known.version + 1 if known else 1), put.now
    if known is not None and known.policy == put.policy:
        version, changed_at = known.version, known.changed_at
    new = Kept(put.tenant, put.workspace, put.policy, version, changed_at)
    return _Outcome(new, known is None, effective(levels), violations)


def _check_match(put: _Put, known: Kept | None) -> None:
    """Hold `If-Match` and `If-None-Match` against what is kept.  Raises `Outdated`."""
    version = None if known is None else known.version
    if put.none_match is not None:
        if put.none_match.strip() != "*":
            raise Invalid("If-None-Match is *, or nothing", field="If-None-Match")
        if known is not None:
            raise Outdated(f"there is one already, at version {version}")
    if put.match is None:
        return
    said = put.match.strip().strip('"')
    if said == "*":
        if known is None:
            raise Outdated("there is none yet")
        return
    if not said.isascii() or not said.isdigit() or len(said) > 18:
        raise Invalid('If-Match is a version, such as "3"', field="If-Match")
    if version is None or int(said) != version:
        raise Outdated(f"it is at version {version or 'none'}, not {int(said)}")


def _violations(
    tx: Tx, tenant: str, workspace: str | None, kept: Mapping[str, Policy] | None, now: datetime
) -> list[doc.ViolationDoc]:
    """As things are, or as they would be if the tenant kept this."""
    hosts = {one.host: one for one in list_candidates(tx, now, load_carbon())}
    standing = [(one, hosts[host]) for one, host in list_standing(tx, tenant, workspace)]
    places = {(one.address.tenant, one.address.workspace) for one, _ in standing}
    above = above_of(tx, places)
    if kept is not None:
        above = above_with(above, tenant, kept)
    noted = list_noted(tx, tenant)
    return [_told(one, noted) for one in find_violations(standing, above)]


def _told(one: Violation, noted: Mapping[Key, tuple[str, datetime]]) -> doc.ViolationDoc:
    known = noted.get(key_of(one))
    return doc.violation_to_doc(one, None if known is None else known[1])


def _nothing_kept(tenant: str, workspace: str) -> NotFound:
    whose = f"workspace {workspace!r}" if workspace else f"tenant {tenant!r}"
    return NotFound(f"no policy is kept for {whose}", hint="keep one: hanza policy set FILE")


def _doubts_of(tx: Tx, kept: Kept) -> tuple[str, ...]:
    """What of it is most likely a slip."""
    used = used_workspaces(tx, kept.tenant) if kept.workspace else {kept.workspace}
    return (
        *doubts_of_countries([kept.policy]),
        *doubts_of_providers([kept.policy], provider_names(tx)),
        *doubts_of_spreads([kept.policy], count_places(tx, OVERS)),
        *doubts_of_limits([kept.policy], look_there(tx, [kept.policy]).sites),
        *doubts_of_workspace(kept.workspace, used),
    )


def _document(outcome: _Outcome, warnings: Sequence[str]) -> doc.KeptDoc:
    kept = outcome.kept
    metadata = doc.KeptMetadata(kept.tenant, kept.workspace, kept.version, kept.changed_at)
    return doc.kept_to_doc(metadata, kept.policy, outcome.effective, outcome.violations, warnings)
