"""What a provider sees of its own: hosts, agents, what stands there, what happened, all as a file.

Of tenants it sees the name and the size of what stands at its sites, and since when; nothing else.
"""

from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.mastery import own_site
from hanza.api.members import AFTER, EVENTS_MAX, EVENTS_SHOWN, event_of, serial_of
from hanza.api.provider_users import provider_of
from hanza.api.told import lists, says
from hanza.model.ids import ProviderId, SiteId
from hanza.model.site import Site
from hanza.model.standing import Occupant, Period
from hanza.plan.pricing import asked_at
from hanza.store import agents, events, hosts
from hanza.store.guests import list_guests
from hanza.store.prices import list_periods
from hanza.store.sites import get_provider, list_all_sites
from hanza.store.standing import list_standings
from hanza.store.terms import get_terms
from hanza.store.tx import Tx
from hanza.wire import federation_v1 as federation
from hanza.wire import mastery_v1 as doc
from hanza.wire import terms_v1


@says(lists(doc.GuestDoc))
def list_guests_of(call: Call) -> Answer:
    """What stands at its sites: id, tenant, size, since when, and the price of that day."""
    return Answer(200, {"items": call.plane.store.read(_guests, provider_of(call))})


def _guests(tx: Tx, provider: str, only: SiteId | None = None) -> list[doc.GuestDoc]:
    periods = list_periods(tx, get_provider(tx, provider).id)
    ids = [site.id for site in _sites_of(tx, provider) if only in (None, site.id)]
    return [_guest(one, periods) for one in list_guests(tx, ids)]


def _guest(one: Occupant, periods: list[Period]) -> doc.GuestDoc:
    agreed = None if one.since is None else asked_at(periods, one.since).prices
    return doc.guest_to_doc(one, agreed)


@says(lists(federation.HostDoc))
def list_own_hosts(call: Call) -> Answer:
    provider, now = provider_of(call), call.plane.clock.now()
    mine = call.plane.store.read(_names_of, provider)
    items = [
        federation.host_to_doc(host, site, is_heard=agents.is_heard_of(host.heard_at, now))
        for host, site in call.plane.store.read(hosts.list_hosts)
        if site in mine
    ]
    return Answer(200, {"items": items})


@says(lists(federation.AgentDoc))
def list_own_agents(call: Call) -> Answer:
    mine = call.plane.store.read(_names_of, provider_of(call))
    found = call.plane.store.read(agents.list_agents)
    return Answer(
        200, {"items": [federation.agent_to_doc(*one) for one in found if one[1] in mine]}
    )


@says(lists(federation.EventDoc), AFTER)
def list_own_events(call: Call) -> Answer:
    """What happened to it, its sites and their agents; without a serial, the newest."""
    provider, after = provider_of(call), serial_of(call)
    limit = EVENTS_SHOWN if after is None else EVENTS_MAX
    found = call.plane.store.read(events.list_of_provider, provider, after, limit)
    return Answer(200, {"items": [event_of(one) for one in found]})


@says({200: doc.ExportDoc})
def export_site(call: Call) -> Answer:
    """All that is known of a site and is its provider's, also after it has left."""
    return Answer(200, call.plane.store.read(_export, call, call.plane.clock.now()))


def _export(tx: Tx, call: Call, now: datetime) -> doc.ExportDoc:
    provider, site = provider_of(call), own_site(tx, call)
    owner = get_provider(tx, provider)
    standing = list_standings(tx, [site.id])[site.id]
    periods, guests = list_periods(tx, ProviderId(owner.id)), _guests(tx, provider, site.id)
    terms = get_terms(tx, provider)
    return doc.ExportDoc(
        exported_at=now,
        federation=call.plane.federation,
        provider=federation.provider_to_doc(owner),
        site=federation.site_to_doc(site, provider),
        standing=doc.own_site_to_doc(site, provider, standing, len(guests)),
        hosts=[
            federation.host_to_doc(one, name, is_heard=agents.is_heard_of(one.heard_at, now))
            for one, name in hosts.list_hosts(tx)
            if name == site.name
        ],
        agents=[
            federation.agent_to_doc(*one) for one in agents.list_agents(tx) if one[1] == site.name
        ],
        guests=guests,
        prices=[doc.period_to_doc(one, counts=False) for one in periods],
        terms=terms_v1.terms_to_doc(
            terms.provider, terms.terms, terms.taken, terms.version, terms.changed_at
        ),
        events=[event_of(one) for one in _events(tx, provider, site)],
    )


def _events(tx: Tx, provider: str, site: Site) -> list[events.Event]:
    """Of the site and its agents: what its provider was told, oldest first."""
    subjects = {site.name} | {
        str(agent.id) for agent, name, _ in agents.list_agents(tx) if name == site.name
    }
    found: list[events.Event] = []
    after = 0
    while page := events.list_of_provider(tx, provider, after, EVENTS_MAX):
        found += [one for one in page if one.subject in subjects]
        after = page[-1].serial
    return found


def _names_of(tx: Tx, provider: str) -> set[str]:
    get_provider(tx, provider)
    return {site.name for site in _sites_of(tx, provider)}


def _sites_of(tx: Tx, provider: str) -> list[Site]:
    return [site for site, owner in list_all_sites(tx) if owner == provider]
