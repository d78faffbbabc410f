"""The loops over replicas: what one more of a component costs where others stand already."""

from hanza.plan.placement.compiler import compiled
from hanza.plan.placement.fleet.layout import (
    BANNED,
    BLOCK,
    DISTINCT,
    HOSTS_TAKEN,
    IS_HARD,
    NONE,
    OVER,
    OVER_HOST,
    SHARE,
    SITE,
    SITE_COLUMNS,
    SITE_PLACE,
    TO_COME,
    Replicas,
    Table,
    World,
)


@compiled
def mark(world: World, replicas: Replicas, need: Table) -> bool:
    """Count the replicas at each place, and the different places; whether there is any need."""
    hosts, _, blocks, _, sites, _ = world
    spreads, standing, counts, marks = replicas
    if len(spreads) == 0 or len(standing) == 0:
        return False
    counts[:] = need[TO_COME]
    counts[OVER_HOST] += need[HOSTS_TAKEN]
    counts[SITE_COLUMNS] += len(standing) + 1
    for row in standing:
        site = blocks[hosts[row, BLOCK], SITE]
        for over in range(SITE_PLACE, SITE_COLUMNS):
            place = sites[site, over]
            if marks[place] == 0:
                counts[over] += 1
            marks[place] += 1
    return True


@compiled
def unmark(world: World, replicas: Replicas) -> None:
    hosts, _, blocks, _, sites, _ = world
    for row in replicas[1]:
        site = blocks[hosts[row, BLOCK], SITE]
        for over in range(SITE_PLACE, SITE_COLUMNS):
            replicas[3][sites[site, over]] = 0


@compiled
def fine_of(spreads: Table, over: int, there: int, counts: Table) -> int:
    """What one more replica costs at a place where some are, or `BANNED`.

    As `spread.shortfall` would find it.  Only where replicas stand can one more be too many: at a
    place of its own it is one more different one, and one is always allowed.  `counts` are the
    different places there are, with those to come, and behind them all replicas there will be.
    """
    fine = 0
    for at in range(len(spreads)):
        if spreads[at, OVER] != over:
            continue
        missing = 0
        if spreads[at, DISTINCT] > counts[over]:
            missing += 1
        share = spreads[at, SHARE]
        if share != NONE and there >= max(1, counts[SITE_COLUMNS] * share // 100):
            missing += 1
        if missing > 0 and spreads[at, IS_HARD] == 1:
            return BANNED
        fine += missing
    return fine


@compiled
def fine_at_site(sites: Table, site: int, spreads: Table, marks: Table, counts: Table) -> int:
    """Over site, provider and country."""
    fine = 0
    for over in range(SITE_PLACE, SITE_COLUMNS):
        there = marks[sites[site, over]]
        if there > 0:
            one = fine_of(spreads, over, there, counts)
            if one == BANNED:
                return BANNED
            fine += one
    return fine


@compiled
def fine_at_host(row: int, spreads: Table, standing: Table, counts: Table) -> int:
    there = 0
    for other in standing:
        if other == row:
            there += 1
    if there == 0:
        return 0
    return fine_of(spreads, OVER_HOST, there, counts)
