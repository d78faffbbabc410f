"""Quotas: shown with what is used of them; a tenant's is the operator's to set."""

from hanza.api.calls import Answer, Call
from hanza.api.told import BEGUN, keeps, says
from hanza.model.errors import NotFound
from hanza.model.quota import Scope
from hanza.plan.admission import check_name
from hanza.store import quotas
from hanza.store.quotas import Quota
from hanza.wire import quota_v1 as doc
from hanza.wire.federation_v1 import request_from_json


@says({200: doc.QuotaDoc})
def get_quota(call: Call) -> Answer:
    """Also of whom nothing limits: what is used is counted all the same."""
    return Answer(200, _document(call.plane.store.read(quotas.get_quota, _scope_of(call))))


@says(keeps(doc.QuotaDoc), takes=doc.QuotaPut)
def put_quota(call: Call) -> Answer:
    """Set it; lower than what is used ends nothing, and `status.overfull` says so."""
    put = request_from_json(call.body, doc.QuotaPut)
    limits, now = doc.limits_from_doc(put.spec), call.plane.clock.now()
    quota, is_new = call.plane.store.write(quotas.set_quota, _scope_of(call), limits, now)
    return Answer(201 if is_new else 200, _document(quota))


@says(BEGUN)
def delete_quota(call: Call) -> Answer:
    """Have no limits any more."""
    scope, now = _scope_of(call), call.plane.clock.now()
    if not call.plane.store.write(quotas.clear_quota, scope, now):
        raise NotFound(f"no quota is set for {scope.words}", hint="set one: hanza quota set")
    return Answer(202)


def _scope_of(call: Call) -> Scope:
    """Raises `Invalid` for what could be nobody's name."""
    tenant = check_name(call.path["tenant"], "tenant")
    workspace = call.path.get("workspace", "")
    return Scope(tenant, check_name(workspace, "workspace") if workspace else "")


def _document(quota: Quota) -> doc.QuotaDoc:
    return doc.quota_to_doc(quota.scope, quota.limits, quota.used, quota.version, quota.changed_at)
