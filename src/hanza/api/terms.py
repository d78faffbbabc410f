"""Providers' own terms, which whoever acts for a provider sets."""

from hanza.api.calls import Answer, Call
from hanza.api.told import BEGUN, keeps, says
from hanza.model.errors import NotFound
from hanza.plan.admission import check_name
from hanza.store import terms
from hanza.store.terms import Held
from hanza.wire import terms_v1 as doc
from hanza.wire.federation_v1 import request_from_json


@says({200: doc.TermsDoc})
def get_terms(call: Call) -> Answer:
    """Also of who has none; then nothing is counted."""
    return Answer(200, _document(call.plane.store.read(terms.get_terms, _name_of(call))))


@says(keeps(doc.TermsDoc), takes=doc.TermsPut)
def put_terms(call: Call) -> Answer:
    """Have these instead; less than what stands there ends nothing, and nothing more comes."""
    put = request_from_json(call.body, doc.TermsPut)
    wanted, now = doc.terms_from_spec(put.spec), call.plane.clock.now()
    held, is_new = call.plane.store.write(terms.set_terms, _name_of(call), wanted, now)
    call.plane.wake()
    return Answer(201 if is_new else 200, _document(held))


@says(BEGUN)
def delete_terms(call: Call) -> Answer:
    """Have none any more."""
    name, now = _name_of(call), call.plane.clock.now()
    if not call.plane.store.write(terms.clear_terms, name, now):
        raise NotFound(f"provider {name!r} has no terms", hint="hanza provider terms set")
    call.plane.wake()
    return Answer(202)


def _name_of(call: Call) -> str:
    return check_name(call.path["provider"], "provider")


def _document(held: Held) -> doc.TermsDoc:
    return doc.terms_to_doc(held.provider, held.terms, held.taken, held.version, held.changed_at)
