"""Issuers of others that the operator trusts; and our own, for whoever trusts us."""

from datetime import datetime

import httpx2

from hanza.api.calls import Answer, Call
from hanza.api.foreign import fetch_keys
from hanza.api.told import BEGUN, keeps, lists, says
from hanza.model.errors import Invalid
from hanza.model.issuer import SigningKey, TrustedIssuer
from hanza.plan.admission import check_name
from hanza.store import issuers, signing_keys
from hanza.store.tx import Tx
from hanza.wire import identity_v1 as doc
from hanza.wire.discovery import check_url
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.tokens import ALGORITHM, SEED_BYTES, keys_from_seed, keys_of, signing_keys_of

JWKS_PATH = "/oauth/jwks"


@says(keeps(doc.IssuerDoc), takes=doc.IssuerPut)
def put_issuer(call: Call) -> Answer:
    """Trust it, once it answers as an issuer does."""
    spec = request_from_json(call.body, doc.IssuerPut).spec
    name = check_name(call.path["issuer"], "name")
    if (spec.tenant is None) == (spec.claim is None):
        hint = "tenant: all its people are that one's; claim: the claim that says whose they are"
        raise Invalid("say either tenant or claim", field="spec", hint=hint)
    url = check_url(spec.url, "spec.url")
    if not spec.audience:
        raise Invalid("say whom its tokens are for", field="spec.audience")
    issuer = TrustedIssuer(name, url, spec.audience, spec.client, spec.tenant, spec.claim)
    _try(issuer)
    now = call.plane.clock.now()
    is_new = call.plane.store.write(issuers.put_issuer, issuer, now)
    return Answer(201 if is_new else 200, doc.issuer_to_doc(issuer))


@says(lists(doc.IssuerDoc))
def list_issuers(call: Call) -> Answer:
    found = call.plane.store.read(issuers.list_issuers)
    return Answer(200, {"items": [doc.issuer_to_doc(one) for one in found]})


@says(BEGUN)
def delete_issuer(call: Call) -> Answer:
    name, now = call.path["issuer"], call.plane.clock.now()
    call.plane.store.write(issuers.remove_issuer, name, now)
    return Answer(202)


@says(lists(doc.SigningKeyDoc))
def list_signing_keys(call: Call) -> Answer:
    known = call.plane.store.read(signing_keys.list_keys)
    signing = signing_keys.signing_key(known)
    return Answer(200, {"items": [doc.key_to_doc(one, signing) for one in known]})


@says({201: doc.SigningKeyDoc})
def rotate_signing_key(call: Call) -> Answer:
    """A new key signs from now on; the one before verifies until it is retired."""
    plane, now = call.plane, call.plane.clock.now()
    (key,) = signing_keys_of(keys_from_seed(plane.ids.secret(SEED_BYTES)), now)
    plane.store.write(signing_keys.add_key, key)
    return Answer(201, doc.key_to_doc(key, key))


@says({200: doc.SigningKeyDoc}, takes=doc.RetirePost, may_be_empty=True)
def retire_signing_key(call: Call) -> Answer:
    force = request_from_json(call.body, doc.RetirePost).force if call.body else False
    now: datetime = call.plane.clock.now()
    key, signing = call.plane.store.write(_retire, call.path["kid"], now, force=force)
    return Answer(200, doc.key_to_doc(key, signing))


@says({200: doc.DiscoveryDoc})
def get_discovery(call: Call) -> Answer:
    """For whoever wants to verify our tokens.  Nobody logs in here, so no endpoint for it."""
    url = call.plane.issuer.url
    return Answer(200, doc.DiscoveryDoc(url, url + JWKS_PATH, [ALGORITHM]))


@says({200: doc.KeySetDoc})
def get_jwks(call: Call) -> Answer:
    """The public keys that verify our tokens now."""
    known = call.plane.store.read(signing_keys.list_keys)
    return Answer(200, call.plane.issuer.signing_with(keys_of(known)).public_keys())


def _retire(tx: Tx, kid: str, now: datetime, *, force: bool) -> tuple[SigningKey, SigningKey]:
    key = signing_keys.retire_key(tx, kid, now, is_forced=force)
    return key, signing_keys.signing_key(signing_keys.list_keys(tx))


def _try(issuer: TrustedIssuer) -> None:
    try:
        keys = fetch_keys(issuer)
    except httpx2.HTTPError as error:
        hint = "is the URL right, and does the plane reach it?"
        raise Invalid("the issuer does not answer", field="spec.url", hint=hint) from error
    if not keys.keys:
        raise Invalid("the issuer has no key that we could verify with", field="spec.url")
