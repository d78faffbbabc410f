"""Placing: a look at the fleet, a pure choice for each team of the batch, then guarded holds.

A team is what is placed as one: the unplaced members of an app, or an instance by itself.  The
choice is made outside any transaction and may be late; the holds cannot be wrong.  A team that
loses one of them to someone faster gives all of them back and is placed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hanza.engine.volumes import take_volumes
from hanza.model.ids import AgentId, HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.report import Problem
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import Placed
from hanza.plan.placement.demand import Bounds, demand_of, standing_of
from hanza.plan.placement.fleet import Fleet, Standing
from hanza.plan.placement.terms import About, amounts_of
from hanza.store.events import Whose, append_event
from hanza.store.holds import get_hold, take_hold
from hanza.store.instances import forget_home, get_instances, list_members, set_waiting
from hanza.store.inventory import Inventory
from hanza.store.policies import bounds_of
from hanza.store.terms import Take, take_terms
from hanza.store.tx import Store, Tx, attempt
from hanza.store.work import Work, hint, is_held, settle_work

LOOK_AGAIN_AFTER = timedelta(seconds=30)
"""A change of hosts wakes whoever waits at once; this is for the change that nobody noticed."""

Members = list[tuple[Wanted, HostId | None]]


@dataclass(frozen=True, slots=True)
class Spot:
    """The host for one member."""

    host: HostId
    agent: AgentId
    site: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one team: a spot for each of its demands, or why there is none."""

    unplaced: tuple[Wanted, ...]
    demands: tuple[Demand, ...]
    bounds: Bounds
    """From which the demands were made."""
    spots: tuple[Spot, ...]
    refusal: str = ""


def place_batch(store: Store, inventory: Inventory, batch: list[Work], now: datetime) -> None:
    """Place everything in the batch that still wants a place."""
    teams, bounds = store.read(_look, [InstanceId(one.ref) for one in batch])
    decided: dict[InstanceId, Decision] = {}
    with inventory.fleet(now) as fleet:
        for members in teams:
            decision = decide(fleet, members, bounds, now)
            inventory.doubt([one.host for one in decision.spots])
            decided |= dict.fromkeys((one.id for one in decision.unplaced), decision)
    recorded = [
        store.submit(_record, works, decision, now) for works, decision in _paired(batch, decided)
    ]
    for record in recorded:
        record.result()


def decide(fleet: Fleet, members: Members, bounds: Bounds, now: datetime) -> Decision:
    """What is decided is taken of the fleet at once, so the next team finds it gone."""
    unplaced = sorted(
        (wanted for wanted, host in members if host is None), key=lambda one: one.address.name
    )
    demands = [demand_of(one, bounds) for one in unplaced]
    hosts, refusal = _hosts_for(fleet, demands, standing_of(members), now)
    spots = []
    for host, demand in zip(hosts, demands, strict=False):
        fleet.take(host, demand.room, demand.ports)
        fleet.count(host, demand.tenant, demand.cost)
        one = fleet.candidate(host, now)
        spots.append(Spot(host, one.agent, one.ground.name))
    return Decision(tuple(unplaced), tuple(demands), bounds, tuple(spots), refusal)


def _hosts_for(
    fleet: Fleet, demands: Sequence[Demand], standing: Sequence[Standing], now: datetime
) -> tuple[list[HostId], str]:
    """A host for each, or none and why."""
    if not demands:
        return [], ""
    if len(demands) == 1 and demands[0].home is None:
        host = fleet.choose(demands[0], standing, now)
        if host is not None:
            return [host], ""
    answer = fleet.place_group(demands, standing, now)
    if isinstance(answer, Placed):
        return [one.candidate.host for one in answer.options], ""
    return [], fleet.refusal(demands, answer, now)


def _paired(
    batch: Sequence[Work], decided: dict[InstanceId, Decision]
) -> list[tuple[list[Work], Decision | None]]:
    """The batch's rows by the decision that answers them; rows without one stand alone."""
    pairs: dict[object, tuple[list[Work], Decision | None]] = {}
    for one in batch:
        decision = decided.get(InstanceId(one.ref))
        key: object = one.ref if decision is None else id(decision)
        pairs.setdefault(key, ([], decision))[0].append(one)
    return list(pairs.values())


def _look(tx: Tx, ids: list[InstanceId]) -> tuple[list[Members], Bounds]:
    """Each team of the batch once, in the order of the batch, and what bounds it."""
    wishes = get_instances(tx, ids)
    teams: dict[object, Members] = {}
    for instance in ids:
        if instance not in wishes or wishes[instance][0].is_ended:
            continue
        wanted, address = wishes[instance][0], wishes[instance][0].address
        if wanted.app is None:
            teams[instance] = [(wanted, None)]
            continue
        key = (address.tenant, address.workspace, wanted.app)
        if key not in teams:
            teams[key] = list_members(tx, wanted)
    bounds = bounds_of(tx, [wanted for members in teams.values() for wanted, _ in members])
    return list(teams.values()), bounds


def _record(tx: Tx, works: list[Work], decision: Decision | None, now: datetime) -> None:
    held = [one for one in works if is_held(tx, one)]
    if not held:
        return
    verdict = Settled() if decision is None else _settle(tx, decision, now)
    for one in held:
        settle_work(tx, one, _verdict_of(tx, InstanceId(one.ref), decision, verdict), now)


def _verdict_of(
    tx: Tx, instance: InstanceId, decision: Decision | None, verdict: Verdict
) -> Verdict:
    """That of its team; on its own only when it is gone, placed, or was not looked at.

    Where the team was settled, this transaction has seen that none of it is gone.
    """
    if decision is not None and not isinstance(verdict, Again):
        return verdict
    wish = get_instances(tx, [instance]).get(instance)
    if wish is None or wish[0].is_ended or get_hold(tx, instance) is not None:
        return Settled()
    return Again() if decision is None else verdict


def _settle(tx: Tx, decision: Decision, now: datetime) -> Verdict:
    """Hold all or none; `Again` when what was decided on is no longer so."""
    wishes = get_instances(tx, [one.id for one in decision.unplaced])
    if any(wishes.get(one.id, (None,))[0] != one for one in decision.unplaced):
        return Again()
    if any(get_hold(tx, one.id) is not None for one in decision.unplaced):
        return Again()
    bounds = bounds_of(tx, decision.unplaced)
    if not _is_so(decision, bounds):
        return Again()
    for one in decision.unplaced:
        hint(tx, "settle", one.id, now)
    if decision.refusal:
        for one in decision.unplaced:
            waiting = wishes[one.id][1]
            since = waiting.since if waiting else now
            set_waiting(tx, one.id, Problem("no_room", decision.refusal, since))
        return Later(now + LOOK_AGAIN_AFTER)
    return _hold_all(tx, decision, now)


def _is_so(decision: Decision, bounds: Bounds) -> bool:
    """Whether the demands are still those that were decided on.

    They follow from wishes and bounds, so they are made anew only where a bound is another.
    """
    then = decision.bounds
    if all(_is_bound_alike(one, then, bounds) for one in decision.unplaced) and all(
        then.stands.get(name) == stands for name, stands in bounds.stands.items()
    ):
        return True
    return tuple(demand_of(one, bounds) for one in decision.unplaced) == decision.demands


def _is_bound_alike(wanted: Wanted, then: Bounds, now: Bounds) -> bool:
    instance, tenant = wanted.id, wanted.address.tenant
    return (
        then.pins.get(instance) == now.pins.get(instance)
        and then.countries.get(tenant) == now.countries.get(tenant)
        and then.homes.get(instance) == now.homes.get(instance)
        and then.levels_of(wanted.address) == now.levels_of(wanted.address)
    )


def _takes(decision: Decision) -> list[Take]:
    """What providers with terms take of it; its volumes count by themselves."""
    return [
        Take(
            spot.host,
            demand.tenant,
            amounts_of(wanted.spec.size),
            About(demand.tenant, demand.tenant_country, demand.policy.data),
        )
        for wanted, demand, spot in zip(
            decision.unplaced, decision.demands, decision.spots, strict=True
        )
    ]


def _hold_all(tx: Tx, decision: Decision, now: datetime) -> Verdict:
    if not attempt(tx, lambda: _take_all(tx, decision, now)):
        return Again()
    for wanted, demand, spot in zip(
        decision.unplaced, decision.demands, decision.spots, strict=True
    ):
        set_waiting(tx, wanted.id, None)
        if demand.home is not None:
            forget_home(tx, wanted.id)
        whose = Whose(wanted.address.tenant, wanted.address.workspace)
        text = f"{wanted.address.name} got a place at {spot.site}"
        append_event(tx, now, "instance.placed", wanted.id, text, whose)
    for agent in dict.fromkeys(one.agent for one in decision.spots):
        hint(tx, "publish", agent, now)
    return Settled()


def _take_all(tx: Tx, decision: Decision, now: datetime) -> bool:
    """False when somebody was faster at one of the hosts, or at what a provider takes."""
    for wanted, spot in zip(decision.unplaced, decision.spots, strict=True):
        ports = [one.port for one in wanted.spec.ports]
        has_room = take_hold(tx, wanted.id, spot.host, wanted.spec.size, now, ports)
        if not has_room or not take_volumes(tx, wanted, spot.host, now):
            return False
    return take_terms(tx, _takes(decision))
