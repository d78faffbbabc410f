"""Placing: a snapshot, a pure choice for each team of the batch, then guarded holds.

A team is what is placed as one: the unplaced members of an app, or an instance by itself.  The
choice is made outside any transaction and may be late; the holds cannot be wrong.  A team that
loses one of them to someone faster gives all of them back and is placed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hanza.engine.volumes import take_volumes
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.report import Problem
from hanza.model.verdict import Again, Later, Settled, Verdict
from hanza.plan.placement.candidate import Candidate
from hanza.plan.placement.choose import Placed, Unplaced, place_group, without_room
from hanza.plan.placement.demand import Bounds, Team, demand_of, team_of
from hanza.plan.placement.explain import sentence_of
from hanza.plan.placement.score import Option
from hanza.plan.placement.terms import amounts_of
from hanza.store.events import Whose, append_event
from hanza.store.holds import get_hold, take_hold
from hanza.store.hosts import list_candidates
from hanza.store.instances import forget_home, get_instances, list_members, set_waiting
from hanza.store.policies import bounds_of
from hanza.store.terms import Take, take_terms
from hanza.store.tx import Store, Tx, attempt
from hanza.store.work import Work, hint, is_held, settle_work
from hanza.wire.places import load_carbon

LOOK_AGAIN_AFTER = timedelta(seconds=30)
"""A change of hosts wakes whoever waits at once; this is for the change that nobody noticed."""

Members = list[tuple[Wanted, HostId | None]]


@dataclass(frozen=True, slots=True)
class _Decision:
    """What was decided for one team, on a snapshot."""

    team: Team
    answer: Placed | Unplaced


def place_batch(store: Store, batch: list[Work], now: datetime) -> None:
    """Place everything in the batch that still wants a place."""
    candidates, teams, bounds = store.read(_look, [InstanceId(one.ref) for one in batch], now)
    decided: dict[InstanceId, _Decision] = {}
    for members in teams:
        team = team_of(members, candidates, bounds)
        if team.demands:
            decision = _Decision(team, place_group(team.demands, candidates, team.neighbours))
            if isinstance(decision.answer, Placed):
                candidates = without_room(candidates, decision.answer.options, team.demands)
            decided |= dict.fromkeys((one.id for one in team.unplaced), decision)
    recorded = [
        store.submit(_record, works, decision, now) for works, decision in _paired(batch, decided)
    ]
    for record in recorded:
        record.result()


def _paired(
    batch: Sequence[Work], decided: dict[InstanceId, _Decision]
) -> list[tuple[list[Work], _Decision | None]]:
    """The batch's rows by the decision that answers them; rows without one stand alone."""
    pairs: dict[object, tuple[list[Work], _Decision | None]] = {}
    for one in batch:
        decision = decided.get(InstanceId(one.ref))
        key: object = one.ref if decision is None else id(decision)
        pairs.setdefault(key, ([], decision))[0].append(one)
    return list(pairs.values())


def _look(
    tx: Tx, ids: list[InstanceId], now: datetime
) -> tuple[list[Candidate], list[Members], Bounds]:
    """The hosts, each team of the batch once, in the order of the batch, and what bounds it."""
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
    return list_candidates(tx, now, load_carbon()), list(teams.values()), bounds


def _record(tx: Tx, works: list[Work], decision: _Decision | None, now: datetime) -> None:
    held = [one for one in works if is_held(tx, one)]
    if not held:
        return
    verdict = Settled() if decision is None else _settle(tx, decision, now)
    for one in held:
        settle_work(tx, one, _verdict_of(tx, InstanceId(one.ref), decision, verdict), now)


def _verdict_of(
    tx: Tx, instance: InstanceId, decision: _Decision | None, verdict: Verdict
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


def _settle(tx: Tx, decision: _Decision, now: datetime) -> Verdict:
    """Hold all or none; `Again` when what was decided on is no longer so."""
    team = decision.team
    wishes = get_instances(tx, [one.id for one in team.unplaced])
    if any(wishes.get(one.id, (None,))[0] != one for one in team.unplaced):
        return Again()
    if any(get_hold(tx, one.id) is not None for one in team.unplaced):
        return Again()
    bounds = bounds_of(tx, team.unplaced)
    if tuple(demand_of(one, bounds) for one in team.unplaced) != team.demands:
        return Again()
    for one in team.unplaced:
        hint(tx, "settle", one.id, now)
    if isinstance(decision.answer, Unplaced):
        text = sentence_of(decision.answer, team.demands)
        for one in team.unplaced:
            waiting = wishes[one.id][1]
            since = waiting.since if waiting else now
            set_waiting(tx, one.id, Problem("no_room", text, since))
        return Later(now + LOOK_AGAIN_AFTER)
    return _hold_all(tx, team, decision.answer.options, now)


def _takes(team: Team, options: Sequence[Option]) -> list[Take]:
    """What providers with terms take of it; its volumes count by themselves."""
    return [
        Take(option.candidate.host, wanted.address.tenant, amounts_of(wanted.spec.size))
        for wanted, option in zip(team.unplaced, options, strict=True)
    ]


def _hold_all(tx: Tx, team: Team, options: Sequence[Option], now: datetime) -> Verdict:
    if not attempt(tx, lambda: _take_all(tx, team, options, now)):
        return Again()
    for wanted, demand, option in zip(team.unplaced, team.demands, options, strict=True):
        set_waiting(tx, wanted.id, None)
        if demand.home is not None:
            forget_home(tx, wanted.id)
        hint(tx, "publish", option.candidate.agent, now)
        text = f"{wanted.address.name} got a place at {option.candidate.ground.name}"
        append_event(
            tx,
            now,
            "instance.placed",
            wanted.id,
            text,
            Whose(wanted.address.tenant, wanted.address.workspace),
        )
    return Settled()


def _take_all(tx: Tx, team: Team, options: Sequence[Option], now: datetime) -> bool:
    """False when somebody was faster at one of the hosts, or at what a provider takes."""
    for wanted, option in zip(team.unplaced, options, strict=True):
        host = option.candidate.host
        ports = [one.port for one in wanted.spec.ports]
        has_room = take_hold(tx, wanted.id, host, wanted.spec.size, now, ports)
        if not has_room or not take_volumes(tx, wanted, host, now):
            return False
    return take_terms(tx, _takes(team, options))
