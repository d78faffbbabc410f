"""Until when providers and sites claim what they claim: the operator's word, as the claims are."""

from hanza.api.calls import Answer, Call
from hanza.api.told import lists, says
from hanza.store import claims
from hanza.wire import claim_v1 as doc
from hanza.wire.federation_v1 import request_from_json


@says({200: doc.ClaimDoc}, takes=doc.ClaimPost)
def set_claim_end(call: Call) -> Answer:
    """Have something that is claimed count until then; what has ended counts again by a later
    end."""
    claim = doc.claim_from_spec(request_from_json(call.body, doc.ClaimPost).spec)
    kept = call.plane.store.write(claims.set_end, claim, call.plane.clock.now())
    call.plane.wake()
    return Answer(200, doc.claim_to_doc(kept))


@says(lists(doc.ClaimDoc))
def list_claims(call: Call) -> Answer:
    """All that end, or have ended."""
    found = call.plane.store.read(claims.list_claims, call.plane.clock.now())
    return Answer(200, {"items": [doc.claim_to_doc(one) for one in found]})
