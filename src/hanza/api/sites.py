"""One site: its agents, each by itself, what the doctor found there, and who else runs there."""

from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.counting import count_wishes
from hanza.api.mastery import own_site
from hanza.api.told import lists, says
from hanza.model.ids import InstanceId
from hanza.model.instance import Address, Wanted
from hanza.plan.admission import check_name
from hanza.store import agents, hosts, sites, told
from hanza.store.adoption import Adoption, adopt, stranger_meant, wanted_of
from hanza.store.tx import Tx
from hanza.wire import site_v1 as doc
from hanza.wire.federation_v1 import agent_to_doc, host_to_doc, request_from_json, site_to_doc


@says({200: doc.SiteShownDoc})
def get_site(call: Call) -> Answer:
    """With each of its agents and hosts: the loss of one of them is that, and no more."""
    name, now = call.path["site"], call.plane.clock.now()
    return Answer(200, call.plane.store.read(_shown, name, now))


def _shown(tx: Tx, name: str, now: datetime) -> doc.SiteShownDoc:
    site = sites.get_site(tx, name)
    providers = {one.id: one.name for one in sites.list_providers(tx)}
    mine = [one for one in agents.list_agents(tx) if one[1] == name]
    checkups = told.list_checkups(tx, name)
    return doc.site_shown(
        site_to_doc(site, providers[site.provider]),
        [doc.agent_shown(agent_to_doc(*one), checkups.get(one[0].id)) for one in mine],
        [
            host_to_doc(host, at, is_heard=agents.is_heard_of(host.heard_at, now))
            for host, at in hosts.list_hosts(tx)
            if at == name
        ],
        strangers=len(told.list_strangers(tx, name)),
    )


@says({200: doc.SiteShownDoc})
def get_own_site(call: Call) -> Answer:
    """The same for a provider of its own site."""
    call.plane.store.read(own_site, call)
    return get_site(call)


@says(lists(doc.StrangerDoc))
def list_own_strangers(call: Call) -> Answer:
    """Guests of the provider's own machines that bear no mark of ours."""
    call.plane.store.read(own_site, call)
    return list_strangers(call)


@says(lists(doc.StrangerDoc))
def list_strangers(call: Call) -> Answer:
    """Guests at its engines that bear no mark of ours."""
    found = call.plane.store.read(_strangers, call.path["site"])
    return Answer(
        200, {"items": [doc.stranger_to_doc(one.agent, one.stranger, one.since) for one in found]}
    )


def _strangers(tx: Tx, name: str) -> list[told.StrangerAt]:
    sites.get_site(tx, name)
    return told.list_strangers(tx, name)


@says({201: doc.AdoptedDoc}, takes=doc.AdoptionPost)
def adopt_guest(call: Call) -> Answer:
    """Make one of them an instance of a tenant's, in place; it is not stopped."""
    spec = request_from_json(call.body, doc.AdoptionPost).spec
    plane, now = call.plane, call.plane.clock.now()
    address = Address(
        check_name(spec.tenant, "spec.tenant"),
        check_name(spec.workspace, "spec.workspace"),
        check_name(spec.name, "spec.name"),
    )
    adoption = Adoption(call.path["site"], spec.guest, address)
    new_id = InstanceId(plane.ids.new("in"))
    wanted = plane.store.write(_adopt, adoption, new_id, now)
    plane.wake()
    return Answer(201, doc.AdoptedDoc(wanted.id, wanted.address.name, spec.guest, adoption.site))


def _adopt(tx: Tx, adoption: Adoption, new_id: InstanceId, now: datetime) -> Wanted:
    country = sites.get_site(tx, adoption.site).country
    found = stranger_meant(tx, adoption.site, adoption.guest)
    wanted = wanted_of(adoption, found, country, new_id, now)
    count_wishes(tx, [(None, wanted)])
    adopt(tx, wanted, found, now)
    return wanted
