"""Clients of tenants: they ask that sites measure to them, and the operator grants it."""

from hanza.api.calls import Answer, Call
from hanza.api.told import GONE, keeps, lists, says
from hanza.plan.admission import check_name, check_place
from hanza.store import clients
from hanza.wire import client_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.places import load_cities
from hanza.wire.probe_v1 import probe_from_spec, probe_to_doc


@says(keeps(doc.ClientDoc), takes=doc.ClientPut)
def put_client(call: Call) -> Answer:
    """Ask that sites measure to an address; nobody does until the operator grants it, and whoever
    names another address or place asks anew."""
    put = request_from_json(call.body, doc.ClientPut)
    name, now = check_name(call.path["client"], "name"), call.plane.clock.now()
    asked = probe_from_spec(name, put.spec, load_cities().find, check_place)
    tenant, target = call.path["tenant"], asked.target
    client = clients.client_at(tenant, name, target.host, target.port, asked.at)
    is_new = call.plane.store.write(clients.ask_client, client, now)
    found = call.plane.store.read(clients.get_client, tenant, name, now)
    return Answer(201 if is_new else 200, _document(found))


@says(lists(doc.ClientDoc))
def list_clients(call: Call) -> Answer:
    """With what sites measured to them; the operator sees those of all tenants."""
    now, tenant = call.plane.clock.now(), call.path.get("tenant")
    found = call.plane.store.read(clients.list_clients, now, tenant)
    return Answer(200, {"items": [_document(one) for one in found]})


@says(GONE)
def delete_client(call: Call) -> Answer:
    """Have it measured no more; what was measured to it is forgotten."""
    path, now = call.path, call.plane.clock.now()
    call.plane.store.write(clients.remove_client, path["tenant"], path["client"], now)
    return Answer(204)


@says({200: doc.ClientDoc})
def grant_client(call: Call) -> Answer:
    """Have every site measure to it, as it is asked for now; take it back with its probe."""
    path, now = call.path, call.plane.clock.now()
    found = call.plane.store.write(clients.grant_client, path["tenant"], path["client"], now)
    return Answer(200, _document(found))


def _document(one: clients.Looked) -> doc.ClientDoc:
    client = one.client
    trips = [doc.ClientTripDoc(it.site, it.ms, it.at, it.is_good) for it in one.trips]
    status = doc.ClientStatus(
        "granted" if one.is_granted else "asked",
        client.probe.target.probe if one.is_granted else None,
        trips,
    )
    spec = probe_to_doc(client.probe).spec
    return doc.ClientDoc(doc.ClientName(client.name, client.tenant), spec, status)
