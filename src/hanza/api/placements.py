"""Apps, quotes and explanations: what is placed as one, what would happen, and why it is so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hanza.api.calls import Answer, Call
from hanza.api.instances import address_of, write_wish
from hanza.model.errors import NotFound
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Address, Wanted
from hanza.plan.admission import InstanceWish, admit_instance, check_name
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.demand import Pins
from hanza.plan.placement.quote import Quote, quote_team
from hanza.store.holds import get_hold
from hanza.store.hosts import list_candidates
from hanza.store.images import find_image
from hanza.store.instances import find_instance, list_members
from hanza.store.tx import Tx
from hanza.store.volumes import pins_of
from hanza.wire import placement_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.instance_v1 import InstanceSpec, wish_from_spec
from hanza.wire.places import load_carbon, load_cities

Members = list[tuple[Wanted, HostId | None]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a quote is about: teams in the order they were asked for, and what would change."""

    teams: list[Members]
    changes: dict[str, str]
    candidates: list[Candidate]
    pins: Pins


def put_app(call: Call) -> Answer:
    """Write all instances of an app in one transaction, or none of them."""
    put = request_from_json(call.body, doc.AppPut)
    wishes = _wishes(call, put.instances, check_name(call.path["app"], "app"))
    plane = call.plane
    new_ids = [InstanceId(plane.ids.new("in")) for _ in wishes]
    changes = plane.store.write(_write_all, wishes, new_ids, plane.clock.now())
    plane.wake()
    return Answer(200, {"items": changes})


def _write_all(
    tx: Tx, wishes: Sequence[InstanceWish], new_ids: Sequence[InstanceId], now: datetime
) -> list[doc.AppChange]:
    changes = []
    for wish, new_id in zip(wishes, new_ids, strict=True):
        known = find_instance(tx, wish.address)
        wanted = write_wish(tx, wish, new_id, now).wanted
        change = "create" if known is None else "none" if wanted == known else "change"
        changes.append(doc.AppChange(wanted.address.name, change, wanted.generation))
    return changes


def quote(call: Call) -> Answer:
    """Tell what asking for it would lead to, by the code that places; nothing is written."""
    request = request_from_json(call.body, doc.QuoteRequest)
    app = None if request.app is None else check_name(request.app, "app")
    wishes = _wishes(call, request.instances, app)
    asked = call.plane.store.read(_look, wishes, call.plane.clock.now())
    candidates: Sequence[Candidate] = asked.candidates
    quotes = []
    for members in asked.teams:
        quotes.append(quote_team(members, candidates, asked.pins))
        candidates = quotes[-1].candidates
    return Answer(200, doc.quote_to_doc(quotes, asked.changes))


def get_placement(call: Call) -> Answer:
    """Where an instance is and why there; or why nowhere, and what would help."""
    address = address_of(call)
    found = call.plane.store.read(_look_at, address, call.plane.clock.now())
    (line,) = (one for one in found.lines if one.wanted.address == address)
    return Answer(200, doc.line_to_doc(line, "none"))


def _look_at(tx: Tx, address: Address, now: datetime) -> Quote:
    known = find_instance(tx, address)
    if known is None or known.is_ended:
        raise NotFound(f"there is no instance {address.name!r} in {address.workspace!r}")
    candidates = list_candidates(tx, now, load_carbon())
    members = list_members(tx, known)
    return quote_team(members, candidates, _pins(tx, [members]))


def _look(tx: Tx, wishes: Sequence[InstanceWish], now: datetime) -> _Asked:
    teams: dict[str, dict[str, tuple[Wanted, HostId | None]]] = {}
    changes = {}
    for wish in wishes:
        name = wish.address.name
        known = find_instance(tx, wish.address)
        hold = None if known is None else get_hold(tx, known.id)
        new_id, image = InstanceId(f"in_{name}"), find_image(tx, wish.image)
        wanted = admit_instance(wish, known, new_id, now, image=image, is_placed=hold is not None)
        changes[name] = "create" if known is None else "none" if wanted == known else "change"
        key = f"instance {name}" if wish.app is None else f"app {wish.app}"
        if key not in teams:
            members = [] if wish.app is None else list_members(tx, wanted)
            teams[key] = {one.address.name: (one, host) for one, host in members}
        teams[key][name] = (wanted, None if hold is None else hold.host)
    candidates = list_candidates(tx, now, load_carbon())
    asked = [list(team.values()) for team in teams.values()]
    return _Asked(asked, changes, candidates, _pins(tx, asked))


def _pins(tx: Tx, teams: Sequence[Members]) -> Pins:
    return pins_of(tx, [wanted for members in teams for wanted, _ in members])


def _wishes(call: Call, instances: dict[str, InstanceSpec], app: str | None) -> list[InstanceWish]:
    inside = (call.path["tenant"], call.path["workspace"])
    found = []
    for name, spec in instances.items():
        wish = wish_from_spec(Address(*inside, name), spec, load_cities().find)
        found.append(wish if app is None else replace(wish, app=app))
    return found
