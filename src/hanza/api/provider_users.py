"""Who acts for a provider.  The first is the operator's to name; then its admins name others."""

from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.told import BEGUN, keeps, lists, says
from hanza.api.users import check_subject
from hanza.model.standing import Member
from hanza.plan.admission import check_name
from hanza.store import provider_users
from hanza.store.tx import Tx
from hanza.wire import mastery_v1 as doc
from hanza.wire.federation_v1 import request_from_json


@says(lists(doc.ProviderUserDoc))
def list_provider_users(call: Call) -> Answer:
    provider = provider_of(call)
    found = call.plane.store.read(provider_users.list_provider_users, provider)
    return Answer(200, {"items": [doc.ProviderUserDoc(provider, *one) for one in found]})


@says(keeps(doc.ProviderUserDoc), takes=doc.ProviderUserPut, may_be_empty=True)
def put_provider_user(call: Call) -> Answer:
    """Have somebody act for the provider: a `viewer` looks, an `admin` changes what is its."""
    put = request_from_json(call.body or b"{}", doc.ProviderUserPut)
    provider, subject = provider_of(call), call.path["user"]
    plane, role = call.plane, put.spec.role
    is_new = plane.store.write(_put, provider, subject, role, by(call), plane.clock.now())
    known = plane.store.read(provider_users.list_provider_users, provider)
    since = next(at for name, _, at in known if name == subject)
    return Answer(201 if is_new else 200, doc.ProviderUserDoc(provider, subject, role, since))


def _put(tx: Tx, provider: str, subject: str, role: Member, who: str, now: datetime) -> bool:
    check_subject(tx, subject)
    return provider_users.put_provider_user(tx, provider, subject, role, who, now)


@says(BEGUN)
def delete_provider_user(call: Call) -> Answer:
    """They act for it no longer, from their next request on."""
    remove, now = provider_users.remove_provider_user, call.plane.clock.now()
    call.plane.store.write(remove, provider_of(call), call.path["user"], by(call), now)
    return Answer(202)


def provider_of(call: Call) -> str:
    return check_name(call.path["provider"], "provider")


def by(call: Call) -> str:
    """Whose act it is, in events."""
    assert call.who is not None, "the gate lets nobody in unnamed"
    return call.who.name
