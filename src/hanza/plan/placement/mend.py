"""What would help a whole team: changes that place all of it, each tried before it is named.

A change of one member helps the team only where nobody else is stuck.  Where several are, one
change for each of them is tried together, the first of each first and no more than `TRIED_MAX`.
Replicas that ask for the same are changed in the same way.  Where each alone has a host and not all
have together, it is a weaker rule among them that helps, or one that lets them go to more hosts;
and where neither does, it is told how many of a component's replicas would be placed with all of
the others.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hanza.model.ids import HostId
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.choose import MEMBERS_MAX, Placed
from hanza.plan.placement.explain import Explanation
from hanza.plan.placement.field import Field
from hanza.plan.placement.fleet.host import Standing
from hanza.plan.placement.relax import Relaxation, steps_that_place

TRIED_MAX, TRIED_OF_MANY, TRIED_WIDER = 64, 4, 8
"""Placings of a team that are tried; the second where it is too large to be searched, and each
takes tenths of a second; the third with more hosts for a team that has no room together."""


def team_relaxations(
    demands: Sequence[Demand], field: Field, standing: Sequence[Standing] = ()
) -> tuple[Relaxation, ...]:
    """For demands that cannot all be placed.  Each answer carries all of them, changed."""
    said, is_large = _explained(demands, field, standing), len(demands) > MEMBERS_MAX
    stuck = {one: found.relaxations for one, found in said.items() if not found.may}
    tried_max = TRIED_OF_MANY if is_large else TRIED_MAX
    if not stuck:
        steps: tuple[Relaxation, ...] = ()
        if not is_large:
            steps = steps_that_place(demands, lambda asked: field.place(asked, standing))
            steps += tuple(_wider(demands, field, standing, said))
        return steps or tuple(_fewer(demands, field, standing, tried_max))
    found = []
    for chosen in itertools.islice(itertools.product(*stuck.values()), tried_max):
        changes = {one.asks: change for one, change in zip(stuck, chosen, strict=True)}
        changed = tuple(_changed(one, changes.get(one.asks)) for one in demands)
        # What helps one alone was tried when it was found.
        answer = field.place(changed, standing) if len(demands) > 1 else None
        if answer is None or isinstance(answer, Placed):
            words = [
                f"{one.component or one.name}: {change.text}"
                for one, change in zip(stuck, chosen, strict=True)
            ]
            found.append(_told(words, chosen, changed, answer))
    return tuple(found)


def _wider(
    demands: Sequence[Demand],
    field: Field,
    standing: Sequence[Standing],
    said: Mapping[Demand, Explanation],
) -> Iterator[Relaxation]:
    """Changes of who asks for the same by which more hosts may run it, and then all are placed."""
    changes = ((one, change) for one, found in said.items() for change in found.relaxations)
    for one, change in itertools.islice(changes, TRIED_WIDER):
        changed = tuple(_changed(it, change if it.asks == one.asks else None) for it in demands)
        answer = field.place(changed, standing)
        if isinstance(answer, Placed):
            yield _told([f"{one.component or one.name}: {change.text}"], [change], changed, answer)


def _fewer(
    demands: Sequence[Demand], field: Field, standing: Sequence[Standing], tried_max: int
) -> Iterator[Relaxation]:
    """Of each component so many replicas, the first by name, that all are placed: the most by
    halving what is left between, or somewhat less where no more may be tried."""
    for component in dict.fromkeys(one.component for one in demands if one.component is not None):
        mine = [at for at, one in enumerate(demands) if one.component == component]
        best: tuple[tuple[Demand, ...], Placed] | None = None
        least, most = 1, len(mine) - 1
        for _ in range(tried_max):
            if least > most:
                break
            count = (least + most + 1) // 2
            gone = set(mine[count:])
            kept = tuple(one for at, one in enumerate(demands) if at not in gone)
            answer = field.place(kept, standing)
            if isinstance(answer, Placed):
                best, least = (kept, answer), count + 1
            else:
                most = count - 1
        if best is not None:
            count = least - 1
            words = "1 replica" if count == 1 else f"{count} replicas"
            yield _opened("capacity", f"{words} of {component} instead of {len(mine)}", *best)


def _opened(rule: str, text: str, demands: tuple[Demand, ...], answer: Placed) -> Relaxation:
    """Where all of it would be."""
    hosts = {one.candidate.host for one in answer.options}
    sites = {one.candidate.ground.site for one in answer.options}
    return Relaxation(rule, text, demands, len(hosts), len(sites), None)


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


def _explained(
    demands: Sequence[Demand], field: Field, standing: Sequence[Standing]
) -> dict[Demand, Explanation]:
    """What there is to say of each, once for those that ask for the same."""
    firsts: dict[object, Demand] = {}
    for one in demands:
        firsts.setdefault(one.asks, one)
    return {one: field.explain(one, standing) for one in firsts.values()}


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
    answer: Placed | None,
) -> Relaxation:
    text = " and ".join(dict.fromkeys(words))
    if len(changes) == 1 or answer is None:
        return replace(changes[0], text=text, demands=changed)
    return _opened(changes[0].rule, text, changed, answer)
