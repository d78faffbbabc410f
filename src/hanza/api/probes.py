"""Probes: who puts them there, and what sites measured to them."""

from hanza.api.calls import Answer, Call
from hanza.api.told import GONE, keeps, lists, says
from hanza.plan.admission import check_name, check_place
from hanza.store import probes
from hanza.wire import probe_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.places import load_cities


@says(keeps(doc.ProbeDoc), takes=doc.ProbePut)
def put_probe(call: Call) -> Answer:
    put = request_from_json(call.body, doc.ProbePut)
    name = check_name(call.path["probe"], "name")
    probe = doc.probe_from_spec(name, put.spec, load_cities().find, check_place)
    is_new = call.plane.store.write(probes.put_probe, probe, call.plane.clock.now())
    return Answer(201 if is_new else 200, doc.probe_to_doc(probe))


@says(lists(doc.ProbeDoc))
def list_probes(call: Call) -> Answer:
    found = call.plane.store.read(probes.list_probes)
    return Answer(200, {"items": [doc.probe_to_doc(one) for one in found]})


@says(GONE)
def delete_probe(call: Call) -> Answer:
    call.plane.store.write(probes.remove_probe, call.path["probe"])
    return Answer(204)


@says(lists(doc.TripDoc))
def list_round_trips(call: Call) -> Answer:
    found = call.plane.store.read(probes.list_trips, call.plane.clock.now())
    items = [
        doc.TripDoc(one.site, one.probe, one.ms, one.at, one.agent, one.is_good) for one in found
    ]
    return Answer(200, {"items": items})
