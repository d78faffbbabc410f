"""Probes: who puts them there, and what sites measured to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.told import GONE, keeps, lists, says
from hanza.model.errors import NotFound
from hanza.model.policy import Point
from hanza.plan.admission import check_name, check_place
from hanza.plan.coordinates import Fitted
from hanza.plan.mesh import node_of_site
from hanza.plan.nearness import guess
from hanza.store import mesh, probes
from hanza.store.sites import list_sites
from hanza.store.tx import Tx
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


@says(lists(doc.MeetingDoc))
def list_meetings(call: Call) -> Answer:
    """What sites measured to each other, and what is predicted for the same pairs."""
    met, places = call.plane.store.read(_met_and_places, call.plane.clock.now())
    return _meetings(call, [(one.site, one.other) for one in met], met, places)


@says(lists(doc.MeetingDoc))
def list_meetings_of(call: Call) -> Answer:
    """Of one site all others, measured or not."""
    site = call.path["site"]
    met, places = call.plane.store.read(_met_and_places, call.plane.clock.now())
    if site not in places:
        raise NotFound(f"there is no site {site!r}", field="site")
    return _meetings(call, [(site, one) for one in places if one != site], met, places)


def _meetings(
    call: Call,
    pairs: Sequence[tuple[str, str]],
    met: Sequence[mesh.Met],
    places: Mapping[str, Point],
) -> Answer:
    known = {(one.site, one.other): one for one in met}
    fitted = call.plane.meeting.fitted
    items = [_meeting(pair, known.get(pair), places, fitted) for pair in sorted(pairs)]
    return Answer(200, {"items": items})


def _met_and_places(tx: Tx, now: datetime) -> tuple[list[mesh.Met], dict[str, Point]]:
    places = {one.name: Point(one.name, one.latitude, one.longitude) for one, _ in list_sites(tx)}
    return mesh.list_meetings(tx, now), places


def _meeting(
    pair: tuple[str, str], met: mesh.Met | None, places: Mapping[str, Point], fitted: Fitted
) -> doc.MeetingDoc:
    here, there = (places[one] for one in pair)
    found = fitted.predict(node_of_site(here.name), node_of_site(there.name))
    return doc.MeetingDoc(
        *pair,
        measured_ms=None if met is None else round(met.ms, 2),
        measured_at=None if met is None else met.at,
        is_good=met is not None and met.is_good,
        predicted_ms=None if found is None else round(found.ms, 1),
        predicted_margin_ms=None if found is None else round(found.margin_ms, 1),
        distance_ms=round(guess(here.latitude, here.longitude, there).ms, 1),
    )


@says(lists(doc.TripDoc))
def list_round_trips(call: Call) -> Answer:
    found = call.plane.store.read(probes.list_trips, call.plane.clock.now())
    items = [
        doc.TripDoc(one.site, one.probe, one.ms, one.at, one.agent, one.is_good) for one in found
    ]
    return Answer(200, {"items": items})
