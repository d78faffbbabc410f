"""What a provider does with its own sites, and what it sees of them.

Everything here is of the path's provider; a site of another is not there.
"""

from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.provider_users import by, provider_of
from hanza.api.told import BEGUN, lists, says
from hanza.model.errors import NotFound, SelectionMoved
from hanza.model.site import Site
from hanza.model.standing import Hours, Window
from hanza.plan.admission import check_why
from hanza.plan.selection import selector_of
from hanza.store import brakes, calendars, site_acts
from hanza.store.draining import drain_of
from hanza.store.guests import count_guests
from hanza.store.site_acts import Done, Order
from hanza.store.sites import get_provider, list_all_sites
from hanza.store.standing import list_standings
from hanza.store.tx import Tx
from hanza.wire import mastery_v1 as doc
from hanza.wire.federation_v1 import request_from_json


@says({200: doc.SiteActDoc}, takes=doc.SiteActPost)
def act_on_own_sites(call: Call) -> Answer:
    """Cordon, drain or leave with the provider's sites that are meant, and back; hours and
    maintenance of all of them.  All or none."""
    return _act(call, provider_of(call))


@says({200: doc.SiteActDoc}, takes=doc.SiteActPost)
def act_on_any_sites(call: Call) -> Answer:
    """The same with the sites of every provider."""
    return _act(call, None)


def _act(call: Call, provider: str | None) -> Answer:
    spec = request_from_json(call.body, doc.SiteActPost).spec
    selector = selector_of(spec.where.words(), is_all=spec.all)
    at, why = doc.maybe_utc(spec.at, "spec.at"), check_why(spec.why, "spec.why")
    plane, now, said = call.plane, call.plane.clock.now(), spec.window
    hours = None if spec.hours is None else doc.hours_from_doc(spec.hours)
    window = None
    if said is not None:
        window = doc.window_from_doc(said, plane.ids.new("mw"), now, "spec.window")
    is_urgent = said is not None and said.urgent
    order = Order(
        spec.act, by(call), why, at, spec.expect, spec.dry_run, hours, window, is_urgent=is_urgent
    )
    done = plane.store.write(site_acts.act_on_sites, selector, provider, order, now)
    plane.wake()
    items = [_acted(one) for one in done]
    changed = sum(one.has_changed for one in done)
    return Answer(200, doc.SiteActDoc(spec.act, spec.dry_run, len(done), changed, items))


def _acted(one: Done) -> doc.ActedDoc:
    site, said = one.site, (one.standing, one.reasons)
    shown = doc.own_site_to_doc(site, one.provider, said, one.holds)
    return doc.ActedDoc(one.has_changed, shown)


@says(lists(doc.OwnSiteDoc))
def list_own_sites(call: Call) -> Answer:
    """Each with what its provider says of it, why it takes nothing new, and how a drain goes."""
    return Answer(200, {"items": call.plane.store.read(_own_sites, provider_of(call))})


def _own_sites(tx: Tx, provider: str) -> list[doc.OwnSiteDoc]:
    get_provider(tx, provider)
    mine = [site for site, owner in list_all_sites(tx) if owner == provider]
    ids = [one.id for one in mine]
    standings, counts = list_standings(tx, ids), count_guests(tx, ids)
    return [
        doc.own_site_to_doc(
            one,
            provider,
            standings[one.id],
            counts.get(one.id, 0),
            _drain(tx, one),
            sum(brakes.list_held(tx, one.id).values()),
        )
        for one in mine
    ]


def _drain(tx: Tx, site: Site) -> doc.DrainDoc | None:
    found = drain_of(tx, site.id)
    return (
        None if found is None else doc.DrainDoc(found.since, found.by, found.began_with, found.left)
    )


@says({200: doc.OwnSiteDoc}, takes=doc.HoursPut)
def put_hours(call: Call) -> Answer:
    """Have the site take what is new at these times only; always, without any."""
    put, now = request_from_json(call.body, doc.HoursPut), call.plane.clock.now()
    hours = doc.hours_from_doc(put.spec)
    shown = call.plane.store.write(_set_hours, call, hours, now, rehearse=put.dry_run)
    call.plane.wake()
    return Answer(200, shown)


def _set_hours(
    tx: Tx, call: Call, hours: Hours, now: datetime, *, rehearse: bool
) -> doc.OwnSiteDoc:
    site, owner = own_site(tx, call), provider_of(call)
    with tx.begin_nested() as savepoint:
        calendars.set_hours(tx, site, owner, hours, by(call), now)
        said, counts = list_standings(tx, [site.id])[site.id], count_guests(tx, [site.id])
        if rehearse:
            savepoint.rollback()
    return doc.own_site_to_doc(site, owner, said, counts.get(site.id, 0))


@says({201: doc.WindowDoc}, takes=doc.WindowPost)
def announce_maintenance(call: Call) -> Answer:
    """Have a time at which the site takes nothing new; whoever has something there is told now."""
    post = request_from_json(call.body, doc.WindowPost)
    plane, now = call.plane, call.plane.clock.now()
    window = doc.window_from_doc(post.spec, plane.ids.new("mw"), now)
    kept = plane.store.write(_announce, call, window, post, now)
    plane.wake()
    return Answer(201, doc.window_to_doc(kept))


def _announce(tx: Tx, call: Call, window: Window, post: doc.WindowPost, now: datetime) -> Window:
    site, owner = own_site(tx, call), provider_of(call)
    with tx.begin_nested() as savepoint:
        kept = calendars.announce_maintenance(
            tx, site, owner, window, by(call), now, is_urgent=post.spec.urgent
        )
        if post.dry_run:
            savepoint.rollback()
    return kept


@says(BEGUN)
def cancel_maintenance(call: Call) -> Answer:
    """Call it off, or end it now; whoever was told of it is told."""
    call.plane.store.write(_cancel, call, call.plane.clock.now())
    call.plane.wake()
    return Answer(202)


def _cancel(tx: Tx, call: Call, now: datetime) -> None:
    site, owner = own_site(tx, call), provider_of(call)
    calendars.cancel_maintenance(tx, site, owner, call.path["window"], by(call), now)


@says({200: doc.PauseDoc}, takes=doc.PausePost, may_be_empty=True)
def suspend_provider(call: Call) -> Answer:
    """Take nothing new at any of its sites until it resumes; what stands goes on."""
    spec = request_from_json(call.body or b"{}", doc.PausePost).spec
    provider, now = provider_of(call), call.plane.clock.now()
    changed, sites = call.plane.store.write(
        calendars.suspend_provider,
        provider,
        check_why(spec.why, "spec.why"),
        by(call),
        now,
        rehearse=spec.dry_run,
    )
    return Answer(200, doc.PauseDoc(provider, True, changed, spec.dry_run, len(sites)))


@says({200: doc.PauseDoc}, takes=doc.PausePost, may_be_empty=True)
def resume_provider(call: Call) -> Answer:
    """Take what is new again, as far as nothing else keeps a site from it."""
    spec = request_from_json(call.body or b"{}", doc.PausePost).spec
    provider, now = provider_of(call), call.plane.clock.now()
    changed, sites = call.plane.store.write(
        calendars.resume_provider, provider, by(call), now, rehearse=spec.dry_run
    )
    call.plane.wake()
    return Answer(200, doc.PauseDoc(provider, False, changed, spec.dry_run, len(sites)))


@says({200: doc.ConfirmDoc}, takes=doc.ConfirmPost, may_be_empty=True)
def confirm_endings(call: Call) -> Answer:
    """Have everything end that the site's agents hold back now; what comes later is not meant."""
    spec = request_from_json(call.body or b"{}", doc.ConfirmPost).spec
    document = call.plane.store.write(_confirm, call, spec, call.plane.clock.now())
    call.plane.wake()
    return Answer(200, document)


def _confirm(tx: Tx, call: Call, spec: doc.ConfirmSpec, now: datetime) -> doc.ConfirmDoc:
    site = own_site(tx, call)
    held = sum(brakes.list_held(tx, site.id).values())
    if spec.expect is not None and spec.expect != held:
        raise SelectionMoved(f"{held} endings are held now, and not {spec.expect}")
    confirmed = 0 if spec.dry_run else brakes.confirm_endings(tx, site.id, by(call), now)
    return doc.ConfirmDoc(site.name, held, confirmed, spec.dry_run)


def own_site(tx: Tx, call: Call) -> Site:
    """The path's.  Raises `NotFound` also for one of another provider."""
    name, provider = call.path["site"], provider_of(call)
    for site, owner in list_all_sites(tx):
        if (site.name, owner) == (name, provider):
            return site
    raise NotFound(f"provider {provider!r} has no site {name!r}", field="site")
