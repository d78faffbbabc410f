"""Apps: written whole, changed whole, ended whole.

What a file leads to is decided once (`plan.change`), for the quote that tells it and for the write
that does it.  A write is one transaction: refused, nothing of it is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.counting import Wishes, count_wishes
from hanza.api.instances import is_placed, write_anew, write_end, write_wanted
from hanza.api.told import BEGUN, lists, says
from hanza.api.volumes import VOLUMES_TOO, end_volumes, refuse_wrong_disks
from hanza.model.capacity import Capacity
from hanza.model.errors import NoRoom, NotFound
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Address, Wanted
from hanza.plan.admission import InstanceWish, Keeps, admit_instance, check_name
from hanza.plan.change import Asked, Change, changes_of, check_app
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Bounds, policies_of
from hanza.plan.placement.field import Field
from hanza.plan.placement.quote import Line, Quote, ended_line, quote_team
from hanza.store.holds import Hold, get_hold
from hanza.store.hosts import list_candidates, list_capacities
from hanza.store.images import find_image
from hanza.store.instances import count_members, find_instance, list_app
from hanza.store.inventory import Inventory
from hanza.store.names import look_there
from hanza.store.policies import bounds_of
from hanza.store.tx import Tx
from hanza.store.volumes import list_of_app
from hanza.wire import placement_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.instance_v1 import InstanceSpec, wish_from_spec
from hanza.wire.places import load_carbon, load_cities


@dataclass(frozen=True, slots=True)
class AppWish:
    """What a file asks of one app; its members that are not named end, unless `is_kept`."""

    tenant: str
    workspace: str
    name: str
    wishes: tuple[InstanceWish, ...]
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What an app is and would be, on one snapshot; `changes` are by name, `places` the hosts of
    its members."""

    asked: list[Asked]
    changes: dict[str, Change]
    places: list[Candidate]
    bounds: Bounds

    @property
    def members(self) -> list[tuple[Wanted, HostId | None]]:
        """Those that go on, with the hosts that they hold."""
        return [(one.wanted, one.host) for one in self.asked if not one.is_dropped]

    @property
    def wishes(self) -> Wishes:
        """What is to be written: what ends counts until it is gone, so it is none of it."""
        return [(one.known, one.wanted) for one in self.asked if one.wanted != one.known]

    @property
    def leaving(self) -> dict[InstanceId, Capacity]:
        """Those of them that are run anew, with the room of the run that ends."""
        return {
            one.wanted.id: one.held
            for one in self.asked
            if one.held is not None
            and not one.is_dropped
            and (one.is_leaving or self.changes[one.wanted.address.name].kind == "replace")
        }

    def quote(self, field: Field) -> Quote:
        """Where all of it would be, by the code that places.

        What runs anew at a site that is not heard stays there until the site is back: see
        `store.pending`.
        """
        silent = {one.host for one in self.places if not one.is_heard}
        waiting = {one.wanted.id for one in self.asked if one.host in silent}
        leaving = {one: room for one, room in self.leaving.items() if one not in waiting}
        return quote_team(self.members, field, self.bounds, leaving)

    def ended(self) -> list[Line]:
        hosts = {one.host: one for one in self.places}
        return [
            ended_line(one.wanted, None if one.host is None else hosts[one.host])
            for one in self.asked
            if one.is_dropped
        ]


@says(lists(doc.AppChange), takes=doc.AppPut)
def put_app(call: Call) -> Answer:
    """Have the app as it is said, and no other members; twice is once."""
    put = request_from_json(call.body, doc.AppPut)
    wish = app_wish(call, check_name(call.path["app"], "app"), put.instances, is_kept=put.keep)
    plane = call.plane
    new_ids = [InstanceId(plane.ids.new("in")) for _ in wish.wishes]
    changes = plane.store.write(_write, wish, new_ids, plane.clock.now(), plane.inventory)
    plane.wake()
    return Answer(200, {"items": changes})


@says(BEGUN, VOLUMES_TOO)
def delete_app(call: Call) -> Answer:
    """Ask for the end of all members; twice is once.

    Its volumes stay, unless `?volumes=true` says that they end too.
    """
    inside = (call.path["tenant"], call.path["workspace"], call.path["app"])
    now, is_all = call.plane.clock.now(), VOLUMES_TOO.is_said(call.query)
    call.plane.store.write(_end_all, *inside, now, with_volumes=is_all)
    call.plane.wake()
    return Answer(202)


def app_wish(
    call: Call, name: str, instances: dict[str, InstanceSpec], *, is_kept: bool
) -> AppWish:
    """Raises `Invalid` naming the member that is wrong."""
    tenant, workspace = call.path["tenant"], call.path["workspace"]
    wishes = tuple(
        replace(wish_from_spec(Address(tenant, workspace, one), spec, load_cities().find), app=name)
        for one, spec in instances.items()
    )
    return AppWish(tenant, workspace, name, wishes, is_kept)


def look_at_app(tx: Tx, wish: AppWish, new_ids: Sequence[InstanceId], now: datetime) -> Look:
    """What it leads to.  Raises whatever it is refused with."""
    asked = [_asked(tx, one, new, now) for one, new in zip(wish.wishes, new_ids, strict=True)]
    named = {one.address.name for one in wish.wishes}
    for wanted, _ in list_app(tx, wish.tenant, wish.workspace, wish.name):
        if wanted.address.name not in named:
            hold = get_hold(tx, wanted.id)
            asked.append(_as_held(Asked(wanted, wanted, is_dropped=not wish.is_kept), hold))
    held = {one.host for one in asked if one.host is not None}
    places = list_candidates(tx, now, load_carbon(), held) if held else []
    bounds = bounds_of(tx, [one.wanted for one in asked])
    there = look_there(tx, policies_of([one.wanted for one in asked], bounds))
    check_app(asked, list_capacities(tx), bounds, there)
    return Look(asked, changes_of(asked, places), places, bounds)


def _asked(tx: Tx, wish: InstanceWish, new_id: InstanceId, now: datetime) -> Asked:
    known = find_instance(tx, wish.address)
    hold = None if known is None else get_hold(tx, known.id)
    image = find_image(tx, wish.image)
    keeps: Keeps = "team" if is_placed(hold) else "nothing"
    wanted = admit_instance(wish, known, new_id, now, image=image, keeps=keeps)
    refuse_wrong_disks(tx, wanted)
    return _as_held(Asked(wanted, known), hold)


def _as_held(asked: Asked, hold: Hold | None) -> Asked:
    if hold is None:
        return asked
    return replace(asked, host=hold.host, held=hold.size, is_leaving=hold.is_ending)


def _write(
    tx: Tx, wish: AppWish, new_ids: Sequence[InstanceId], now: datetime, inventory: Inventory
) -> list[doc.AppChange]:
    look = look_at_app(tx, wish, new_ids, now)
    if any(one.kind == "replace" for one in look.changes.values()):
        with inventory.fleet(now) as fleet, fleet.trial(now) as trial:
            _refuse_without_room(look.quote(trial))
    count_wishes(tx, look.wishes)
    return [_write_one(tx, one, look.changes[one.wanted.address.name], now) for one in look.asked]


def _refuse_without_room(quote: Quote) -> None:
    """What runs is not ended for something that has no place.  Raises `NoRoom`."""
    if quote.refusal is not None:
        hint = "; ".join(one.text for one in quote.relaxations) or None
        raise NoRoom(f"nothing was ended or changed: {quote.refusal}", hint=hint)


def _write_one(tx: Tx, one: Asked, change: Change, now: datetime) -> doc.AppChange:
    wanted, generation = one.wanted, one.wanted.generation
    match change.kind:
        case "end":
            write_end(tx, wanted.address, now)
        case "replace":
            hold = get_hold(tx, wanted.id)
            assert hold is not None, "only what has a place is run anew"
            assert one.known is not None, "only what is known has a place"
            write_anew(tx, one.known, wanted, hold, now)
        case "create" | "change":
            write_wanted(tx, one.known, wanted, get_hold(tx, wanted.id), now)
    changed = change.kind in ("change", "replace", "end")
    return doc.AppChange(wanted.address.name, change.kind, generation + changed, change.says)


def _end_all(
    tx: Tx, tenant: str, workspace: str, app: str, now: datetime, *, with_volumes: bool
) -> None:
    kept = list_of_app(tx, tenant, workspace, app) if with_volumes else []
    if not kept and not count_members(tx, Address(tenant, workspace, ""), app):
        raise NotFound(f"there is no app {app!r} in {workspace!r}")
    for wanted, _ in list_app(tx, tenant, workspace, app):
        write_end(tx, wanted.address, now, with_volumes=with_volumes)
    if with_volumes:  # those, too, that no instance has any more
        end_volumes(tx, list_of_app(tx, tenant, workspace, app), now)
