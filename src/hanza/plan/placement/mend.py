"""What would help a whole team: changes that place all of it, each tried before it is named.

A change of one member helps the team only where nobody else is stuck.  Where several are, one
change for each of them is tried together, the first of each first and no more than `TRIED_MAX`.
Replicas that ask for the same are changed in the same way.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hanza.model.ids import HostId
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import Placed
from hanza.plan.placement.field import Field
from hanza.plan.placement.fleet.host import Standing
from hanza.plan.placement.relax import Relaxation, steps_that_place

TRIED_MAX = 64


def team_relaxations(
    demands: Sequence[Demand], field: Field, standing: Sequence[Standing] = ()
) -> tuple[Relaxation, ...]:
    """For demands that cannot all be placed.  Each answer carries all of them, changed."""
    stuck = _stuck(demands, field, standing)
    if not stuck:
        return steps_that_place(demands, lambda asked: field.place(asked, standing))
    found = []
    for chosen in itertools.islice(itertools.product(*stuck.values()), TRIED_MAX):
        changes = {one.asks: change for one, change in zip(stuck, chosen, strict=True)}
        changed = tuple(_changed(one, changes.get(one.asks)) for one in demands)
        answer = field.place(changed, standing)
        if isinstance(answer, Placed):
            words = [
                f"{one.component or one.name}: {change.text}"
                for one, change in zip(stuck, chosen, strict=True)
            ]
            found.append(_told(words, chosen, changed, answer))
    return tuple(found)


def better_ones(
    demand: Demand,
    at: HostId,
    relaxations: Sequence[Relaxation],
    field: Field,
    standing: Sequence[Standing],
) -> tuple[Relaxation, ...]:
    """Those that would have something better, by its goals, for what stands there.

    Where it may not stand there: those by which it may.
    """
    may_stay = field.may(demand, at)
    found = []
    for relaxation in relaxations:
        (then,) = relaxation.demands
        here, most = field.points(then, standing, at)
        if here is not None and (not may_stay or most > here):
            found.append(relaxation)
    return tuple(found)


def _stuck(
    demands: Sequence[Demand], field: Field, standing: Sequence[Standing]
) -> dict[Demand, tuple[Relaxation, ...]]:
    """What would help each that no host may run, once for those that ask for the same."""
    firsts: dict[object, Demand] = {}
    for one in demands:
        firsts.setdefault(one.asks, one)
    told = {one: field.explain(one, standing) for one in firsts.values()}
    return {one: said.relaxations for one, said in told.items() if not said.may}


def _changed(demand: Demand, change: Relaxation | None) -> Demand:
    """As whoever asked for the same would ask then."""
    if change is None:
        return demand
    (then,) = change.demands
    return replace(
        demand,
        size=then.size,
        policy=then.policy,
        pin=then.pin,
        ports=then.ports,
        companions=then.companions,
    )


def _told(
    words: Sequence[str],
    changes: Sequence[Relaxation],
    changed: tuple[Demand, ...],
    answer: Placed,
) -> Relaxation:
    text = " and ".join(dict.fromkeys(words))
    if len(changes) == 1:
        return replace(changes[0], text=text, demands=changed)
    hosts = {one.candidate.host for one in answer.options}
    sites = {one.candidate.ground.site for one in answer.options}
    return Relaxation(changes[0].rule, text, changed, len(hosts), len(sites), None)
