"""What would help a whole team: changes that place all of it, each tried before it is named.

A change of one member helps the team only where nobody else is stuck.  Where several are, one
change for each of them is tried together, the first of each first and no more than `TRIED_MAX`.
Replicas that ask for the same are changed in the same way.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hanza.plan.placement.beside import lacks_among
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import Placed, look, place_group
from hanza.plan.placement.relax import Relaxation, group_relaxations, relaxations_of

TRIED_MAX = 64


def team_relaxations(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    neighbours: Sequence[Neighbour] = (),
) -> tuple[Relaxation, ...]:
    """For demands that cannot all be placed.  Each answer carries all of them, changed."""
    stuck = _stuck(demands, candidates, neighbours)
    if not stuck:
        return group_relaxations(demands, candidates, neighbours)
    found = []
    for chosen in itertools.islice(itertools.product(*stuck.values()), TRIED_MAX):
        changes = {one.asks: change for one, change in zip(stuck, chosen, strict=True)}
        changed = tuple(_changed(one, changes.get(one.asks)) for one in demands)
        answer = place_group(changed, candidates, neighbours)
        if isinstance(answer, Placed):
            words = [
                f"{one.component or one.name}: {change.text}"
                for one, change in zip(stuck, chosen, strict=True)
            ]
            found.append(_told(words, chosen, changed, answer))
    return tuple(found)


def _stuck(
    demands: Sequence[Demand], candidates: Sequence[Candidate], neighbours: Sequence[Neighbour]
) -> dict[Demand, tuple[Relaxation, ...]]:
    """What would help each that no host may run, once for those that ask for the same."""
    found: dict[Demand, tuple[Relaxation, ...]] = {}
    firsts: dict[object, Demand] = {}
    for one in demands:
        firsts.setdefault(one.asks, one)
    for one in firsts.values():
        looked = look(one, candidates)
        if any(not lacks_among(one, option.candidate, neighbours) for option in looked.options):
            continue
        found[one] = relaxations_of(looked, candidates, neighbours)
        if looked.options:
            found[one] += group_relaxations([one], candidates, neighbours)
    return found


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
