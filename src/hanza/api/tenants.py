"""Tenants and the tokens of those who belong to them.  Both are the operator's to give."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hanza.api.calls import Answer, Call
from hanza.api.told import keeps, lists, says
from hanza.api.users import check_grants
from hanza.model.access import Grant, Scope, User
from hanza.model.errors import Invalid
from hanza.plan.access_roles import DEFAULT_ROLE
from hanza.plan.admission import check_name
from hanza.plan.seca.references import SHARED_TENANTS
from hanza.store import tenants
from hanza.store.provider_users import role_of
from hanza.store.signing_keys import list_keys, note_token
from hanza.store.tx import Tx
from hanza.store.users import find_user, put_user
from hanza.wire import federation_v1 as doc
from hanza.wire.tokens import Bearer, keys_of

VALID_FOR_MAX = timedelta(days=366)


@says(keeps(doc.TenantDoc), takes=doc.TenantPut, may_be_empty=True)
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


@says({200: doc.TenantDoc})
def get_tenant(call: Call) -> Answer:
    found = call.plane.store.read(tenants.get_tenant, call.path["tenant"])
    return Answer(200, doc.tenant_to_doc(found))


@says(lists(doc.TenantDoc))
def list_tenants(call: Call) -> Answer:
    found = call.plane.store.read(tenants.list_tenants)
    return Answer(200, {"items": [doc.tenant_to_doc(one) for one in found]})


@says({201: doc.TokenDoc}, takes=doc.TokenPost)
def issue_token(call: Call) -> Answer:
    """Make a token; it is shown once and not kept."""
    spec = doc.request_from_json(call.body, doc.TokenPost).spec
    plane, now = call.plane, call.plane.clock.now()
    most = int(VALID_FOR_MAX.total_seconds())
    if not 1 <= spec.valid_for_seconds <= most:
        raise Invalid(f"a token is good for 1 to {most} seconds", field="spec.validForSeconds")
    if not spec.tenants and not spec.providers:
        hint = "name a tenant, or a provider for which they act"
        raise Invalid("a token is for somebody of something", field="spec.tenants", hint=hint)
    plane.store.read(_check_acting, spec.providers, spec.subject)
    valid_for = timedelta(seconds=spec.valid_for_seconds)
    bearer = Bearer(
        spec.subject, tuple(sorted(set(spec.tenants))), now + valid_for, _scope_of(spec.scope)
    )
    # Keys of this moment and of nobody else: another thread may be told of newer ones meanwhile.
    signer = plane.issuer.signing_with(keys_of(plane.store.read(list_keys)))
    token = signer.issue(bearer, now)
    roles = (DEFAULT_ROLE,) if spec.roles is None else tuple(dict.fromkeys(spec.roles))
    added = plane.store.write(_admit, bearer, signer.kid, roles, now)
    document = doc.TokenDoc(bearer.subject, list(bearer.tenants), token, bearer.expires_at, added)
    return Answer(201, document)


def _check_acting(tx: Tx, providers: Sequence[str], subject: str) -> None:
    """Raises `Invalid` for a provider for which they do not act: their token would open nothing."""
    for name in providers:
        if role_of(tx, check_name(name, "spec.providers"), subject) is None:
            text = f"{subject} does not act for provider {name!r}"
            hint = f"hanza provider user add {name} {subject}"
            raise Invalid(text, field="spec.providers", hint=hint)


def _admit(tx: Tx, bearer: Bearer, kid: str, roles: tuple[str, ...], now: datetime) -> list[str]:
    """Have its tenants know the bearer, and its key remember it; which of them did not before."""
    added, grants = [], tuple(Grant(role) for role in roles)
    for tenant in bearer.tenants:
        tenants.get_tenant(tx, tenant)
        if find_user(tx, tenant, bearer.subject) is None:
            check_grants(tx, tenant, grants)
            put_user(tx, User(tenant, bearer.subject, grants), now)
            added.append(tenant)
    note_token(tx, kid, bearer.expires_at)
    return added


def _scope_of(said: doc.ScopeDoc | None) -> Scope | None:
    if said is None:
        return None
    return Scope(*(frozenset(one) for one in (said.tenants, said.regions, said.workspaces)))
