"""The users of a tenant: who belongs to it, with which roles from the start.

Whoever writes users gives them no more than they have themselves.
"""

from datetime import datetime

from hanza.api import giving
from hanza.api.calls import Answer, Call
from hanza.api.identity import Principal
from hanza.api.told import BEGUN, keeps, lists, says
from hanza.model.access import Grant, User
from hanza.model.errors import Invalid
from hanza.plan.access_roles import DEFAULT_ROLE, SYSTEM_ROLE_NAMES
from hanza.plan.admission import check_name
from hanza.store import users
from hanza.store.access import tenant_access
from hanza.store.issuers import find_issuer
from hanza.store.tenants import get_tenant
from hanza.store.tx import Tx
from hanza.wire import identity_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.openid import SUBJECT_CHARACTERS_MAX
from hanza.wire.tokens import check_own_subject


@says(keeps(doc.UserDoc), takes=doc.UserPut, may_be_empty=True)
def put_user(call: Call) -> Answer:
    spec = request_from_json(call.body, doc.UserPut).spec if call.body else doc.UserSpec()
    tenant, subject = call.path["tenant"], call.path["user"]
    user = User(tenant, subject, doc.grants_from_doc(spec, DEFAULT_ROLE))
    now = call.plane.clock.now()
    kept, is_new = call.plane.store.write(_put, user, call.who, now)
    return Answer(201 if is_new else 200, doc.user_to_doc(kept))


@says(lists(doc.UserDoc))
def list_users(call: Call) -> Answer:
    found = call.plane.store.read(users.list_users, call.path["tenant"])
    return Answer(200, {"items": [doc.user_to_doc(one) for one in found]})


@says(BEGUN)
def delete_user(call: Call) -> Answer:
    """Their tokens are good for nothing in the tenant any more, here and at every other plane."""
    tenant, subject = call.path["tenant"], call.path["user"]
    call.plane.store.write(users.remove_user, tenant, subject, call.plane.clock.now())
    return Answer(202)


def check_grants(tx: Tx, tenant: str, grants: tuple[Grant, ...]) -> None:
    """Raises `Invalid` for a role or workspace that cannot be."""
    access = tenant_access(tx, tenant)
    own = {role.name for role in access.roles} if access else set()
    for grant in grants:
        if grant.role not in own | SYSTEM_ROLE_NAMES:
            known = ", ".join(sorted(SYSTEM_ROLE_NAMES | own))
            hint = f"one of {known}"
            raise Invalid(f"there is no role {grant.role!r}", field="spec.grants", hint=hint)
        if grant.workspace:
            check_name(grant.workspace, "spec.grants")


def _put(tx: Tx, user: User, who: Principal | None, now: datetime) -> tuple[User, bool]:
    get_tenant(tx, user.tenant)
    check_subject(tx, user.subject)
    check_grants(tx, user.tenant, user.grants)
    giving.check_grants(tx, who, user.tenant, user.grants)
    return users.put_user(tx, user, now)


def check_subject(tx: Tx, subject: str) -> None:
    """Raises `Invalid` unless it is ours, or `issuer:subject` of an issuer that is trusted."""
    name, separator, theirs = subject.partition(":")
    if not separator:
        check_own_subject(subject)
        theirs = subject
    elif find_issuer(tx, name) is None:
        hint = "hanza issuer add; a name without ':' is of this federation's own tokens"
        raise Invalid(f"there is no issuer {name!r}", field="user", hint=hint)
    if not 1 <= len(theirs) <= SUBJECT_CHARACTERS_MAX or not theirs.isprintable():
        most = SUBJECT_CHARACTERS_MAX
        raise Invalid(f"a user has 1 to {most} printable characters", field="user")
