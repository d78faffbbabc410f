"""Quotes and explanations: what would happen, and why it is so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hanza.api.apps import AppWish, Look, app_wish, look_at_app
from hanza.api.calls import Answer, Call, Plane
from hanza.api.counting import refuse_app, refuse_each
from hanza.api.instances import address_of, is_placed, refuse_what_is_not_there
from hanza.api.told import Parameter, says
from hanza.model.errors import BadQuery, NotFound
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Policy
from hanza.plan.admission import InstanceWish, admit_instance, check_name
from hanza.plan.change import Asked, Change, change_of, refuse_too_large
from hanza.plan.doubts import doubts_of_countries, doubts_of_providers, doubts_of_workspace
from hanza.plan.placement.demand import Bounds, policy_under
from hanza.plan.placement.quote import Line, Quote, quote_team
from hanza.plan.placement.violations import find_violations
from hanza.plan.pricing import price_per_month
from hanza.store.holds import get_hold
from hanza.store.hosts import list_candidates, list_capacities
from hanza.store.images import find_image
from hanza.store.instances import find_instance, list_members
from hanza.store.names import bounded_workspaces, provider_names, used_workspaces
from hanza.store.policies import bounds_of
from hanza.store.prices import price_agreed
from hanza.store.tx import Tx
from hanza.wire import placement_v1 as doc
from hanza.wire.federation_v1 import request_from_json
from hanza.wire.instance_v1 import InstanceSpec, wish_from_spec
from hanza.wire.places import load_carbon, load_cities

Members = dict[str, tuple[Wanted, HostId | None]]
Placed = list[tuple[Wanted, HostId | None]]


@dataclass(frozen=True, slots=True)
class _Quoted:
    """The answer to a question: quotes in the order they were asked for, and what would change."""

    quotes: list[Quote]
    ended: list[Line]
    changes: dict[str, Change]
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of the hosts, team by team, and what it would change."""

    teams: list[Placed]
    changes: dict[str, Change]
    bounds: Bounds


@says({200: doc.QuoteDoc}, takes=doc.QuoteRequest)
def quote(call: Call) -> Answer:
    """Tell what asking for it would lead to, by the code that places; nothing is written."""
    request = request_from_json(call.body, doc.QuoteRequest)
    store, now = call.plane.store, call.plane.clock.now()
    if request.app is None:
        wanted = _wishes(call, request.instances)
        found = _quoted_each(call.plane, store.read(_look_at_each, wanted, now), now)
    else:
        name = check_name(request.app, "app")
        wish = app_wish(call, name, request.instances, is_kept=request.keep)
        found = _quoted_app(call.plane, store.read(_look_at_all, wish, now), wish, now)
    lines = [line for one in found.quotes for line in one.lines]
    violations = _violations(lines, found.bounds)
    policies = [one.wanted.policy for one in lines if one.wanted.policy is not None]
    warnings = store.read(doubts_of, call.path["tenant"], call.path["workspace"], policies)
    document = doc.quote_to_doc(
        found.quotes,
        found.ended,
        found.changes,
        violations,
        warnings,
        call.plane.meeting.fitted,
    )
    return Answer(200, document)


def doubts_of(tx: Tx, tenant: str, workspace: str, policies: Sequence[Policy]) -> tuple[str, ...]:
    """What of a question is most likely a slip."""
    used = used_workspaces(tx, tenant)
    known = used | bounded_workspaces(tx, tenant) if used else set()
    return (
        *doubts_of_countries(policies),
        *doubts_of_providers(policies, provider_names(tx)),
        *doubts_of_workspace(workspace, known),
    )


LOSERS_FROM = Parameter(
    "losersFrom",
    "query",
    int,
    "Tell losers from this one on, by `losersNext` of the answer before.",
)


@says({200: doc.PlacementDoc}, LOSERS_FROM)
def get_placement(call: Call) -> Answer:
    """Where an instance is and why there; or why nowhere, and what would help."""
    address, losers_from = address_of(call), _losers_from(call)
    plane, now = call.plane, call.plane.clock.now()
    known, members, bounds = plane.store.read(_look_at, address)
    with plane.inventory.fleet(now) as fleet, fleet.trial(now) as trial:
        found = quote_team(members, trial, bounds, only={known.id})
    (line,) = found.lines
    violations = _violations([line], bounds)
    fitted = call.plane.meeting.fitted
    told = doc.placement_to_doc(
        line, Change("none"), violations.get(address.name, []), fitted, losers_from
    )
    told.proofs = [doc.proof_to_doc(one) for one in found.proofs]
    agreed = plane.store.read(price_agreed, line.wanted.id)
    if agreed is not None:
        asking, since = agreed
        told.agreed = doc.AgreedDoc(since, price_per_month(asking.prices, line.demand.size))
    return Answer(200, told)


def _losers_from(call: Call) -> int:
    said = call.query.get("losersFrom", "0")
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise BadQuery("losersFrom is the number of a loser", field="losersFrom")
    return int(said)


def _look_at(tx: Tx, address: Address) -> tuple[Wanted, Placed, Bounds]:
    known = find_instance(tx, address)
    if known is None or known.is_ended:
        raise NotFound(f"there is no instance {address.name!r} in {address.workspace!r}")
    members = list_members(tx, known)
    return known, members, bounds_of(tx, [wanted for wanted, _ in members])


def _look_at_all(tx: Tx, wish: AppWish, now: datetime) -> Look:
    new_ids = [InstanceId(f"in_{one.address.name}") for one in wish.wishes]
    look = look_at_app(tx, wish, new_ids, now)
    refuse_app(tx, look.wishes)
    return look


def _quoted_app(plane: Plane, look: Look, wish: AppWish, now: datetime) -> _Quoted:
    changes = {
        name: change
        for name, change in look.changes.items()
        if change.kind == "end" or name in {one.address.name for one in wish.wishes}
    }
    with plane.inventory.fleet(now) as fleet, fleet.trial(now) as trial:
        return _Quoted([look.quote(trial)], look.ended(), changes, look.bounds)


def _look_at_each(tx: Tx, wishes: Sequence[InstanceWish], now: datetime) -> _Asked:
    """Each by itself, or as a member of the app it names."""
    asked = [_asked(tx, one, now) for one in wishes]
    teams: dict[str, Members] = {}
    for one in asked:
        app, name = one.wanted.app, one.wanted.address.name
        key = f"instance {name}" if app is None else f"app {app}"
        if key not in teams:
            beside = [] if app is None else list_members(tx, one.wanted)
            teams[key] = {it.address.name: (it, host) for it, host in beside}
        teams[key][name] = (one.wanted, one.host)
    bounds = bounds_of(tx, [wanted for team in teams.values() for wanted, _ in team.values()])
    capacities = list_capacities(tx)
    for one in asked:
        if one.wanted != one.known:
            policy_under(one.wanted, bounds.levels_of(one.wanted.address))
            refuse_what_is_not_there(tx, one.wanted, one.known)
            refuse_too_large(one.wanted, capacities)
    refuse_each(tx, [(one.known, one.wanted) for one in asked if one.wanted != one.known])
    held = {one.host for one in asked if one.host is not None}
    places = list_candidates(tx, now, load_carbon(), held) if held else []
    changes = {one.wanted.address.name: change_of(one, places) for one in asked}
    return _Asked([list(team.values()) for team in teams.values()], changes, bounds)


def _quoted_each(plane: Plane, asked: _Asked, now: datetime) -> _Quoted:
    """One after the other, as they come."""
    with plane.inventory.fleet(now) as fleet, fleet.trial(now) as trial:
        quotes = [quote_team(team, trial, asked.bounds) for team in asked.teams]
    return _Quoted(quotes, [], asked.changes, asked.bounds)


def _asked(tx: Tx, wish: InstanceWish, now: datetime) -> Asked:
    known = find_instance(tx, wish.address)
    hold = None if known is None else get_hold(tx, known.id)
    new_id = InstanceId(f"in_{wish.address.name}")
    image = find_image(tx, wish.image)
    wanted = admit_instance(
        wish, known, new_id, now, image=image, keeps="all" if is_placed(hold) else "nothing"
    )
    return Asked(wanted, known, None if hold is None else hold.host)


def _wishes(call: Call, instances: dict[str, InstanceSpec]) -> list[InstanceWish]:
    inside = (call.path["tenant"], call.path["workspace"])
    find_city = load_cities().find
    return [
        wish_from_spec(Address(*inside, name), spec, find_city) for name, spec in instances.items()
    ]


def _violations(lines: Sequence[Line], bounds: Bounds) -> dict[str, list[str]]:
    """What those that have a place violate there, by name."""
    standing = [(one.wanted, one.at) for one in lines if one.at is not None]
    found: dict[str, list[str]] = {}
    for one in find_violations(standing, bounds.above):
        found.setdefault(one.address.name, []).append(one.sentence)
    return found
