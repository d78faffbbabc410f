"""Instances: put, get, list, delete.  A request writes the wish and a hint, and no more."""

from dataclasses import replace
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.counting import count_wishes
from hanza.api.rehearsing import DRY_RUN, is_dry, rehearsed
from hanza.api.told import BEGUN, keeps, lists, says
from hanza.api.volumes import VOLUMES_TOO, disks_of, end_volumes, write_disks
from hanza.model.errors import Invalid, NotFound
from hanza.model.ids import InstanceId
from hanza.model.instance import Address, Wanted
from hanza.plan.admission import InstanceWish, admit_instance
from hanza.plan.beyond import refuse_beyond
from hanza.plan.placement.demand import Above, law_of, own_level, policy_under
from hanza.plan.seca.envelope import urn_of
from hanza.store import instances
from hanza.store.agents import is_heard_of
from hanza.store.events import Whose, append_event
from hanza.store.holds import Hold, end_hold, get_hold
from hanza.store.images import find_image
from hanza.store.instances import Overview
from hanza.store.names import look_there
from hanza.store.pending import note_ending_volumes, note_pending, take_back
from hanza.store.policies import above_of
from hanza.store.tx import Tx
from hanza.store.work import hint
from hanza.wire import instance_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.placement_v1 import INSTANCES_MAX
from hanza.wire.places import load_cities


@says(keeps(doc.InstanceDoc), takes=doc.InstancePut)
def put_instance(call: Call) -> Answer:
    put = request_from_json(call.body, doc.InstancePut)
    plane, address = call.plane, address_of(call)
    new_id, now = InstanceId(plane.ids.new("in")), plane.clock.now()
    wish = doc.wish_from_spec(address, put.spec, load_cities().find)
    overview = plane.store.write(write_wish, wish, new_id, now)
    plane.wake()
    above = plane.store.read(above_of, [(address.tenant, address.workspace)])
    is_new = overview.wanted.id == new_id
    return Answer(201 if is_new else 200, _document(overview, above, now))


def write_wish(tx: Tx, wish: InstanceWish, new_id: InstanceId, now: datetime) -> Overview:
    """Create or change the wanted row; the same wish twice writes nothing."""
    known = instances.find_instance(tx, wish.address)
    hold = None if known is None else get_hold(tx, known.id)
    image = find_image(tx, wish.image)
    wanted = admit_instance(
        wish, known, new_id, now, image=image, keeps="all" if is_placed(hold) else "nothing"
    )
    if wanted != known:
        refuse_contradiction(tx, wanted)
        refuse_what_is_not_there(tx, wanted, known)
        count_wishes(tx, [(known, wanted)])
        write_wanted(tx, known, wanted, hold, now)
    return instances.get_overview(tx, wish.address)


def is_placed(hold: Hold | None) -> bool:
    """Whether it has a place to stay at; a run that ends already is none."""
    return hold is not None and not hold.is_ending


def refuse_contradiction(tx: Tx, wanted: Wanted) -> None:
    """Hold its policy against what the tenant keeps above it.  Raises `Contradiction`."""
    place = (wanted.address.tenant, wanted.address.workspace)
    policy_under(wanted, above_of(tx, [place])[place])


def refuse_what_is_not_there(tx: Tx, wanted: Wanted, known: Wanted | None) -> None:
    """Raises `Contradiction` for new words that no site of the federation could ever meet."""
    if known is None or own_level(known) != own_level(wanted):
        place = (wanted.address.tenant, wanted.address.workspace)
        policy = policy_under(wanted, above_of(tx, [place])[place])
        refuse_beyond(policy, look_there(tx, [policy]))


def write_wanted(
    tx: Tx, known: Wanted | None, wanted: Wanted, hold: Hold | None, now: datetime
) -> None:
    """Write what is wanted now, its disks too, and have it looked at.  It was counted before."""
    wanted = write_disks(tx, wanted, now)
    name = wanted.address.name
    whose = Whose(wanted.address.tenant, wanted.address.workspace)
    if known is None or known.app != wanted.app:
        _refuse_crowd(tx, wanted)
    if known is None:
        instances.insert_instance(tx, wanted)
        append_event(tx, now, "instance.created", wanted.id, f"{name} was asked for", whose)
        hint(tx, "place", wanted.id, now)
        return
    note_pending(tx, known, hold, now)
    instances.update_instance(tx, known, wanted)
    text = f"{name} was asked to be {wanted.power}"
    if replace(wanted, power=known.power) != known:
        text = f"{name} was asked for in other words"
    append_event(tx, now, "instance.changed", wanted.id, text, whose)
    if hold is None:
        hint(tx, "place", wanted.id, now)
        return
    hint(tx, "publish", hold.agent, now)
    if known.disks != wanted.disks:
        hint(tx, "settle", wanted.id, now)
    if (known.country, known.policy) != (wanted.country, wanted.policy):
        hint(tx, "judge", wanted.address.tenant, now)


def write_anew(tx: Tx, known: Wanted, wanted: Wanted, hold: Hold, now: datetime) -> None:
    """As `write_wanted`, for what cannot become that where it runs: this run ends, and when its
    site has said that it is gone, there is another, at the same host if it may be there."""
    write_wanted(tx, known, wanted, hold, now)
    instances.begin_anew(tx, wanted.id, hold.host)
    end_hold(tx, hold.mark)
    hint(tx, "settle", wanted.id, now)


def _refuse_crowd(tx: Tx, wanted: Wanted) -> None:
    app = wanted.app
    if app is not None and instances.count_members(tx, wanted.address, app) >= INSTANCES_MAX:
        raise Invalid(f"app {app!r} has {INSTANCES_MAX} instances, and more are not placed as one")


@says({200: doc.InstanceDoc})
def get_instance(call: Call) -> Answer:
    overview, above = call.plane.store.read(_look_at, address_of(call))
    return Answer(200, _document(overview, above, call.plane.clock.now()))


@says(lists(doc.InstanceDoc))
def list_instances(call: Call) -> Answer:
    """Of one workspace where the path names one, else of the whole tenant."""
    inside = (call.path["tenant"], call.path.get("workspace"))
    found, above = call.plane.store.read(_look_in, *inside)
    now = call.plane.clock.now()
    return Answer(200, {"items": [_document(one, above, now) for one in found]})


def _look_at(tx: Tx, address: Address) -> tuple[Overview, Above]:
    above = above_of(tx, [(address.tenant, address.workspace)])
    return instances.get_overview(tx, address), above


def _look_in(tx: Tx, tenant: str, workspace: str | None) -> tuple[list[Overview], Above]:
    found = instances.list_overviews(tx, tenant, workspace)
    return found, above_of(tx, ((tenant, one.wanted.address.workspace) for one in found))


@says(BEGUN, VOLUMES_TOO)
def delete_instance(call: Call) -> Answer:
    """Its volumes stay, unless `?volumes=true` says that they end too."""
    now, is_all = call.plane.clock.now(), VOLUMES_TOO.is_said(call.query)
    call.plane.store.write(write_end, address_of(call), now, with_volumes=is_all)
    call.plane.wake()
    return Answer(202)


def write_end(tx: Tx, address: Address, now: datetime, *, with_volumes: bool = False) -> None:
    """Ask for its end; twice is once.  Raises `NotFound` when there is no such instance."""
    known = instances.find_instance(tx, address)
    if known is None:
        raise NotFound(f"there is no instance {address.name!r} in {address.workspace!r}")
    if not known.is_ended:
        note_pending(tx, known, get_hold(tx, known.id), now)
        instances.end_instance(tx, known.id)
        text = f"{address.name} was asked to end"
        append_event(
            tx, now, "instance.ending", known.id, text, Whose(address.tenant, address.workspace)
        )
        hint(tx, "settle", known.id, now)
    if with_volumes:
        disks = [one for one in disks_of(tx, known) if not one.wanted.is_ended]
        note_ending_volumes(tx, known.id, [one.wanted.id for one in disks])
        end_volumes(tx, disks, now)


@says({200: doc.InstanceDoc}, DRY_RUN)
def withdraw_instance(call: Call) -> Answer:
    """Take back what was asked for it and its site cannot have been told."""
    plane, address, now = call.plane, address_of(call), call.plane.clock.now()
    if is_dry(call):
        found = plane.store.write(_would_withdraw, address, now)
        return Answer(200, _document(*found, now))
    plane.store.write(_withdraw, address, now)
    plane.wake()
    return get_instance(call)


def _would_withdraw(tx: Tx, address: Address, now: datetime) -> tuple[Overview, Above]:
    def act() -> tuple[Overview, Above]:
        _withdraw(tx, address, now)
        return _look_at(tx, address)

    return rehearsed(tx, act)


def _withdraw(tx: Tx, address: Address, now: datetime) -> None:
    taken = take_back(tx, address, now)
    count_wishes(tx, [(taken.wanted, taken.then)])
    ref = None if taken.resource is None else urn_of(taken.resource.path)
    whose = Whose(address.tenant, address.workspace, ref)
    text = f"what was asked for {address.name} is taken back; its site was never told"
    append_event(tx, now, "instance.withdrawn", taken.then.id, text, whose)
    hint(tx, "publish", taken.hold.agent, now)
    hint(tx, "settle", taken.then.id, now)
    for volume in taken.volumes:
        hint(tx, "settle", volume, now)
    hint(tx, "judge", address.tenant, now)


def address_of(call: Call) -> Address:
    return Address(call.path["tenant"], call.path["workspace"], call.path["instance"])


def _document(overview: Overview, above: Above, now: datetime) -> doc.InstanceDoc:
    place, address = overview.place, overview.wanted.address
    placement = None
    if place is not None:
        placement = doc.Placement(
            place.site,
            place.city,
            place.country,
            place.provider,
            place.host,
            place.accelerator,
            place.heard_at,
            is_heard_of(place.heard_at, now),
            place.trouble,
            place.address,
        )
    return doc.instance_to_doc(
        overview.wanted,
        overview.shown,
        placement,
        overview.serial_tail,
        overview.seen_at,
        law_of(overview.wanted, above[address.tenant, address.workspace]),
        overview.pending_since,
    )
