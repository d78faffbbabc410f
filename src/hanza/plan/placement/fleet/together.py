"""Company for a member of a large group that is placed in its turn: beside whom, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hanza.model.policy import Over
from hanza.plan.placement.beside import by_host, components_of, wished_for
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.fleet.asks import Ask
from hanza.plan.placement.fleet.company import places_beside, places_of
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.inventory import Inventory
from hanza.plan.placement.fleet.layout import (
    FREE_CPUS,
    FREE_DISK,
    FREE_MEMORY,
    MEMORY,
    NEED_CPUS,
    NEED_DISK,
    NONE,
    OVERS,
    Mask,
    Table,
)

HOSTS_TRIED = 16
"""Of those where its company stands, the emptiest first."""


@dataclass(frozen=True, slots=True)
class Wish:
    """To be at one of these places, by number."""

    over: Over
    places: Table
    is_hard: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """A member, the rows where its replicas stand, and how many of it are to come after it."""

    demand: Demand
    standing: Sequence[int]
    now: int
    to_come: int


def waits_of(demands: Sequence[Demand]) -> dict[str | None, int]:
    """How many components, one beside the other, are placed before each; a circle ends there."""
    besides: dict[str | None, set[str]] = {one.component: set() for one in demands}
    for one in demands:
        for is_hard in (True, False):
            besides[one.component] |= {
                beside.name
                for beside in components_of(one, is_hard=is_hard)
                if beside.name != one.component and beside.name in besides
            }
    waits = dict.fromkeys(besides, 0)
    for _ in range(len(besides) - 1):
        for name, others in besides.items():
            waits[name] = min(
                max((waits[other] + 1 for other in others), default=0), len(besides) - 1
            )
    return waits


def wishes_of(
    inventory: Inventory, demand: Demand, standing: Mapping[str | None, Sequence[int]]
) -> list[Wish]:
    """Where something stands now that it has to be beside, or would rather be."""
    found = [
        Wish(one.beside.over, places_beside(inventory, one), one.beside.is_hard)
        for one in (*by_host(demand.companions), *wished_for(demand.companions))
    ]
    for is_hard in (True, False):
        for beside in components_of(demand, is_hard=is_hard):
            rows = standing[beside.name]
            if rows and beside.name != demand.component:
                at = np.array(rows, np.int64)
                found.append(Wish(beside.over, places_of(inventory, at, beside.over), is_hard))
    return found


def is_met(inventory: Inventory, row: int, wish: Wish) -> bool:
    at = places_of(inventory, np.array([row], np.int64), wish.over)
    return bool(np.isin(at, wish.places)[0])


def best_beside(decider: Decider, ask: Ask, turn: Turn, wishes: Sequence[Wish]) -> int:
    """The row of the best host among those where all of these are met, or `NONE`."""
    inventory = decider.inventory
    if wishes:
        ask = _narrowed(inventory, ask, wishes)
    hosts = [one for one in wishes if one.over == "host"]
    if hosts:
        return _best_of(decider, ask, turn, hosts)
    return decider.decide(ask, turn.demand, list(turn.standing), turn.now, turn.to_come)


def _narrowed(inventory: Inventory, ask: Ask, wishes: Sequence[Wish]) -> Ask:
    """The same for those sites only where they are met; its points are still to be counted."""
    sites = inventory.columns.sites.tables[0]
    kept: Mask = np.ones(len(ask.allowed), np.bool_)
    for one in wishes:
        if one.over == "host":
            kept &= np.isin(ask.allowed, inventory.columns.sites_of(one.places))
        else:
            kept &= np.isin(sites[ask.allowed, OVERS[one.over]], one.places)
    allowed = ask.allowed[kept]
    nothing = np.full(len(ask.best), np.nan)
    return replace(ask, allowed=allowed, totals=np.zeros(len(allowed), np.int32), best=nothing)


def _best_of(decider: Decider, ask: Ask, turn: Turn, wishes: Sequence[Wish]) -> int:
    """Of the hosts where all of these stand the emptiest one that may run it, or `NONE`."""
    inventory, rows = decider.inventory, np.unique(wishes[0].places)
    for one in wishes[1:]:
        rows = np.intersect1d(rows, one.places)
    rows = rows[np.isin(inventory.columns.sites_of(rows), ask.allowed)]
    table = inventory.columns.hosts.tables[0]
    need, _ = decider.needs(turn.demand, turn.now)
    has_room = table[rows, FREE_CPUS : FREE_DISK + 1] >= need[NEED_CPUS : NEED_DISK + 1]
    rows = rows[has_room.all(axis=1)]
    share = table[rows, FREE_MEMORY] / np.maximum(table[rows, MEMORY], 1)
    for row in rows[np.argsort(-share, kind="stable")][:HOSTS_TRIED].tolist():
        standing = [inventory.hosts[one] for one in turn.standing]
        if decider.may_stand(turn.demand, inventory.hosts[row], standing, turn.now, turn.to_come):
            return int(row)
    return NONE
