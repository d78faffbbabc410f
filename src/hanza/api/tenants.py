"""Tenants and the tokens of those who belong to them.  Both are the operator's to give."""

from datetime import timedelta

from hanza.api.calls import Answer, Call
from hanza.model.errors import Invalid
from hanza.plan.admission import check_name
from hanza.plan.seca.references import SHARED_TENANTS
from hanza.store import tenants
from hanza.wire import federation_v1 as doc
from hanza.wire.tokens import Bearer

VALID_FOR_MAX = timedelta(days=366)


def put_tenant(call: Call) -> Answer:
    put = doc.request_from_json(call.body, doc.TenantPut) if call.body else doc.TenantPut()
    name = check_name(call.path["tenant"], "name")
    if name in SHARED_TENANTS:
        raise Invalid(f"{name!r} stands for what all tenants share", field="name")
    plane = call.plane
    kept, is_new = plane.store.write(
        tenants.put_tenant, name, put.spec.references, plane.clock.now()
    )
    return Answer(201 if is_new else 200, doc.tenant_to_doc(kept))


def get_tenant(call: Call) -> Answer:
    found = call.plane.store.read(tenants.get_tenant, call.path["tenant"])
    return Answer(200, doc.tenant_to_doc(found))


def list_tenants(call: Call) -> Answer:
    found = call.plane.store.read(tenants.list_tenants)
    return Answer(200, {"items": [doc.tenant_to_doc(one) for one in found]})


def issue_token(call: Call) -> Answer:
    """Make a token; it is shown once and not kept."""
    spec = doc.request_from_json(call.body, doc.TokenPost).spec
    plane, now = call.plane, call.plane.clock.now()
    valid_for = timedelta(seconds=spec.valid_for_seconds)
    if not timedelta(0) < valid_for <= VALID_FOR_MAX:
        most = int(VALID_FOR_MAX.total_seconds())
        raise Invalid(f"a token is good for 1 to {most} seconds", field="spec.validForSeconds")
    for tenant in spec.tenants:
        plane.store.read(tenants.get_tenant, tenant)
    bearer = Bearer(spec.subject, tuple(sorted(set(spec.tenants))), now + valid_for)
    token = plane.issuer.issue(bearer, now)
    document = doc.TokenDoc(bearer.subject, list(bearer.tenants), token, bearer.expires_at)
    return Answer(201, document)
