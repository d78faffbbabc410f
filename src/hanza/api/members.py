"""Providers, sites, hosts, agents, join tokens, events: who is a member and what they have."""

from dataclasses import replace
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.told import BEGUN, Parameter, Serial, keeps, lists, says
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId, ProviderId, SiteId, TokenId
from hanza.model.site import Provider, Site
from hanza.plan.admission import check_country, check_name, check_place, check_title, check_word
from hanza.store import agents, events, hosts, reports, sites, volume_reports
from hanza.store.tx import Tx
from hanza.store.violations import judge_everybody
from hanza.wire import federation_v1 as doc
from hanza.wire.credentials import (
    SECRET_BYTES,
    JoinToken,
    digest_of_secret,
    join_token_to_text,
)

EVENTS_MAX, EVENTS_SHOWN = 1000, 100
AFTER = Parameter("after", "query", Serial, "The serial of the last event that you have.")


@says(keeps(doc.ProviderDoc), takes=doc.ProviderPut)
def put_provider(call: Call) -> Answer:
    put = doc.request_from_json(call.body, doc.ProviderPut)
    provider = Provider(
        ProviderId(call.plane.ids.new("pr")),
        check_name(call.path["provider"], "name"),
        check_title(put.spec.title, "spec.title"),
        doc.prices_from_doc(put.spec.prices),
        doc.attributes_from_doc(put.spec.attributes),
    )
    kept = call.plane.store.write(_put_provider, provider, call.plane.clock.now())
    call.plane.wake()
    return Answer(201 if kept.id == provider.id else 200, doc.provider_to_doc(kept))


def _put_provider(tx: Tx, provider: Provider, now: datetime) -> Provider:
    judge_everybody(tx, now)
    return sites.put_provider(tx, provider, now)


@says(lists(doc.ProviderDoc))
def list_providers(call: Call) -> Answer:
    found = call.plane.store.read(sites.list_providers)
    return Answer(200, {"items": [doc.provider_to_doc(one) for one in found]})


@says(keeps(doc.SiteDoc), takes=doc.SitePut)
def put_site(call: Call) -> Answer:
    put = doc.request_from_json(call.body, doc.SitePut)
    spec = put.spec
    check_place(spec.latitude, spec.longitude)
    site = Site(
        SiteId(call.plane.ids.new("si")),
        ProviderId(""),
        check_name(call.path["site"], "name"),
        check_country(spec.country, "spec.country"),
        check_title(spec.city, "spec.city"),
        spec.latitude,
        spec.longitude,
        None if spec.site_class is None else check_word(spec.site_class, "spec.class"),
        doc.attributes_from_doc(spec.attributes),
    )
    kept = call.plane.store.write(_put_site_of, site, spec.provider, call.plane.clock.now())
    return Answer(201 if kept.id == site.id else 200, doc.site_to_doc(kept, spec.provider))


def _put_site_of(tx: Tx, site: Site, provider: str, now: datetime) -> Site:
    owner = sites.get_provider(tx, provider).id
    judge_everybody(tx, now)
    return sites.put_site(tx, replace(site, provider=owner), now)


@says(lists(doc.SiteDoc))
def list_sites(call: Call) -> Answer:
    found = call.plane.store.read(sites.list_sites)
    return Answer(200, {"items": [doc.site_to_doc(*one) for one in found]})


@says(lists(doc.HostDoc))
def list_hosts(call: Call) -> Answer:
    found = call.plane.store.read(hosts.list_hosts)
    now = call.plane.clock.now()
    items = [
        doc.host_to_doc(host, site, is_heard=agents.is_heard_of(host.heard_at, now))
        for host, site in found
    ]
    return Answer(200, {"items": items})


@says(lists(doc.AgentDoc))
def list_agents(call: Call) -> Answer:
    found = call.plane.store.read(agents.list_agents)
    return Answer(200, {"items": [doc.agent_to_doc(*one) for one in found]})


@says(BEGUN)
def trust_agent(call: Call) -> Answer:
    """A person has looked: only one copy of this agent's key is left."""
    plane = call.plane
    plane.store.write(agents.trust_agent, AgentId(call.path["agent"]), plane.clock.now())
    plane.wake()
    return Answer(202)


@says({200: doc.RevokedDoc})
def revoke_agent(call: Call) -> Answer:
    """Its key is refused from now on; tells how many instances were placed with it."""
    plane = call.plane
    agent = AgentId(call.path["agent"])
    held = plane.store.write(agents.revoke_agent, agent, plane.clock.now())
    plane.wake()
    return Answer(200, doc.RevokedDoc(agent, held))


@says(lists(doc.OrphanDoc))
def list_orphans(call: Call) -> Answer:
    found = call.plane.store.read(reports.list_orphans)
    return Answer(200, {"items": [doc.orphan_to_doc(*one) for one in found]})


@says(lists(doc.OrphanVolumeDoc))
def list_orphan_volumes(call: Call) -> Answer:
    found = call.plane.store.read(volume_reports.list_orphan_volumes)
    return Answer(200, {"items": [doc.orphan_volume_to_doc(*one) for one in found]})


@says(lists(doc.EventDoc), AFTER)
def list_events(call: Call) -> Answer:
    """Those after a serial, oldest first; without one, the newest.  Of one tenant or of all."""
    tenant, after = call.path.get("tenant"), serial_of(call)
    if after is None:
        found = call.plane.store.read(events.list_last_events, EVENTS_SHOWN, tenant)
        return Answer(200, {"items": [event_of(one) for one in found]})
    found = call.plane.store.read(events.list_events, after, EVENTS_MAX, tenant)
    return Answer(200, {"items": [event_of(one) for one in found]})


def serial_of(call: Call) -> int | None:
    """The last event that the caller has.  Raises `Invalid`."""
    after = call.query.get("after")
    if after is None:
        return None
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise Invalid("after is the serial of the last event you have", field="after")
    return int(after)


def event_of(one: events.Event) -> doc.EventDoc:
    return doc.EventDoc(one.serial, one.at, one.kind, one.subject, one.text)


@says({201: doc.JoinTokenDoc})
def invite_agent(call: Call) -> Answer:
    """Make the right to join one site once."""
    plane, now = call.plane, call.plane.clock.now()
    site = plane.store.read(sites.get_member_site, call.path["site"])
    secret = plane.ids.secret(SECRET_BYTES)
    token, expires_at = TokenId(plane.ids.new("to")), now + plane.token_valid_for
    plane.store.write(
        agents.put_join_token, token, site.id, digest_of_secret(secret), now, expires_at
    )
    text = join_token_to_text(JoinToken(plane.urls, plane.pin, secret))
    return Answer(201, doc.JoinTokenDoc(token, site.name, text, expires_at))
