"""The loops over columns: what a decision reads for each site and host, and nothing else.

Every function here means the same plain and compiled.  Tables are arrays of 64-bit integers with
a row for each host, block, site and taken port, and the names below are their columns.  Hosts
stand in blocks of up to `BLOCK_ROWS` of one site; a block knows the most that is free in it, so
most blocks are passed over without a look at their hosts.  Constants stand here because what is
compiled has them inside, and is thrown away when this file changes.
"""

import numpy as np
from numpy.typing import NDArray

from hanza.plan.placement.compiler import compiled

Table = NDArray[np.int64]
Members = NDArray[np.int32]
Shares = NDArray[np.float64]
World = tuple[Table, Table, Table, Members, Shares, Table, Members]
"""Hosts, when their agents were heard, blocks, hosts of blocks, the largest free share of memory
in each block, sites, taken ports."""

FREE_CPUS, FREE_MEMORY, FREE_DISK, CPUS, MEMORY, DISK = 0, 1, 2, 3, 4, 5
REFUSES, AGENT, BLOCK, PORTS, ID = 6, 7, 8, 9, 10
"""Until when it refuses; its agent, as `~agent` when it is not offered; the first of its taken
ports; from `ID` on the first `ID_BYTES` of its id, so that their order is that of the ids."""
ID_WORDS = 3
ID_BYTES = 8 * ID_WORDS
HOST_COLUMNS = ID + ID_WORDS

SITE, NEXT, COUNT, MOST_CPUS, MOST_MEMORY, MOST_DISK = 0, 1, 2, 3, 4, 5
"""Of a block: its site, the next block of that site, how many hosts, the most that is free."""
BLOCK_COLUMNS = 6
BLOCK_ROWS = 32

FIRST_BLOCK, SITE_PLACE, PROVIDER_PLACE, COUNTRY_PLACE = 0, 1, 2, 3
"""Of a site: its first block, and the places it is for spreads, each with a number of its own."""
SITE_COLUMNS = 4

OVER_HOST = 0
"""A spread is over this, or over the column of the place in the table of sites."""
OVER, DISTINCT, SHARE, IS_HARD = 0, 1, 2, 3
SPREAD_COLUMNS = 4

NEED_CPUS, NEED_MEMORY, NEED_DISK, SINCE, NOW, TO_COME, HOSTS_TAKEN = 0, 1, 2, 3, 4, 5, 6
"""What is asked: room, agents heard after, now (both in µs), how many more of the group are to
come after this one, and on how many hosts its replicas stand."""
NEEDS = 7

FULL = 1_000_000
FINE = FULL // 4
BANNED = -1
NONE = -1
NOTHING = -(2**62)
"""Less than anything that is counted."""
ROW, VALUE, TOTAL, IS_TIED = 0, 1, 2, 3
"""Of what was found: the host, its points less its fines, its points, and whether another one's
id is the same as far as it is looked at."""
FOUND = 4


@compiled
def has_port(world: World, row: int, ports: Members) -> bool:
    """Whether one of these is taken at the host."""
    at = world[0][row, PORTS]
    while at != NONE:
        for port in ports:
            if world[6][at, 0] == port:
                return True
        at = world[6][at, 1]
    return False


@compiled
def may_run(world: World, row: int, need: Table, ports: Members) -> bool:
    """All rules that differ between hosts of one site."""
    hosts = world[0]
    agent = hosts[row, AGENT]
    return bool(
        agent >= 0
        and hosts[row, FREE_CPUS] >= need[NEED_CPUS]
        and hosts[row, FREE_MEMORY] >= need[NEED_MEMORY]
        and hosts[row, FREE_DISK] >= need[NEED_DISK]
        and world[1][agent] > need[SINCE]
        and hosts[row, REFUSES] <= need[NOW]
        and (len(ports) == 0 or not has_port(world, row, ports))
    )


@compiled
def may_hold(blocks: Table, block: int, need: Table) -> bool:
    """Whether a host of the block could have the room."""
    return bool(
        blocks[block, MOST_CPUS] >= need[NEED_CPUS]
        and blocks[block, MOST_MEMORY] >= need[NEED_MEMORY]
        and blocks[block, MOST_DISK] >= need[NEED_DISK]
    )


@compiled
def has_one(world: World, site: int, need: Table, ports: Members) -> bool:
    """Whether any host of the site may run it."""
    block = world[5][site, FIRST_BLOCK]
    while block != NONE:
        if may_hold(world[2], block, need):
            for slot in range(world[2][block, COUNT]):
                if may_run(world, world[3][block, slot], need, ports):
                    return True
        block = world[2][block, NEXT]
    return False


@compiled
def find_best(
    world: World,
    allowed: Members,
    values: Shares,
    measures: Table,
    needs: tuple[Table, Members],
    best: Shares,
) -> None:
    """The least value of each measure among the sites where a host may run it, else infinity."""
    for goal in range(len(measures)):
        best[goal] = np.inf
    for site in allowed:
        is_better = False
        for goal in range(len(measures)):
            if values[measures[goal], site] < best[goal]:
                is_better = True
        if is_better and has_one(world, site, needs[0], needs[1]):
            for goal in range(len(measures)):
                value = values[measures[goal], site]
                if value < best[goal]:
                    best[goal] = value


@compiled
def count_points(
    allowed: Members,
    values: Shares,
    measures: Table,
    weights: Shares,
    best: Shares,
    totals: Members,
) -> None:
    """The points of each site, as `score.rank` counts them; nothing for what is unknown.

    What no host may run at may be better than the best, and what it has does not matter.
    """
    whole = 0.0
    for weight in weights:
        whole += weight
    for at in range(len(allowed)):
        total = 0
        for goal in range(len(measures)):
            value = values[measures[goal], allowed[at]]
            if value <= best[goal]:
                total += int(np.rint(FULL * weights[goal] * 1.0 / whole))
            elif value > best[goal]:
                total += int(np.rint(FULL * weights[goal] * (best[goal] / value) / whole))
        totals[at] = total


@compiled
def mark(world: World, standing: Table, marks: Table, counts: Table) -> None:
    """Count the replicas at each place, and the different places."""
    for row in standing:
        site = world[2][world[0][row, BLOCK], SITE]
        for over in range(SITE_PLACE, SITE_COLUMNS):
            place = world[5][site, over]
            if marks[place] == 0:
                counts[over] += 1
            marks[place] += 1


@compiled
def unmark(world: World, standing: Table, marks: Table) -> None:
    for row in standing:
        site = world[2][world[0][row, BLOCK], SITE]
        for over in range(SITE_PLACE, SITE_COLUMNS):
            marks[world[5][site, over]] = 0


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
def fine_at_site(world: World, site: int, spreads: Table, marks: Table, counts: Table) -> int:
    """Over site, provider and country."""
    fine = 0
    for over in range(SITE_PLACE, SITE_COLUMNS):
        there = marks[world[5][site, over]]
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


@compiled
def compare_ids(hosts: Table, one: int, other: int) -> int:
    """Less than nothing when the first one's id comes first; nothing when its start does not tell."""
    for column in range(ID, HOST_COLUMNS):
        if hosts[one, column] < hosts[other, column]:
            return -1
        if hosts[one, column] > hosts[other, column]:
            return 1
    return 0


@compiled
def offer(hosts: Table, row: int, total: int, fine: int, found: Table, share: Shares) -> None:
    """Keep the host if it is better than the one that was found.

    By points less fines, then points, then the larger free share of memory, then the id.
    """
    value = total - fine * FINE
    order = value - found[VALUE]
    if order == 0:
        order = total - found[TOTAL]
    free = hosts[row, FREE_MEMORY] / max(hosts[row, MEMORY], 1)
    if order == 0 and free < share[0]:
        return
    if order == 0 and free == share[0]:
        ids = compare_ids(hosts, row, found[ROW])
        if ids == 0:
            found[IS_TIED] = 1
        order = -ids
    elif order == 0:
        order = 1
    if order > 0:
        found[ROW], found[VALUE], found[TOTAL], found[IS_TIED] = row, value, total, 0
        share[0] = free


@compiled
def look_at_site(
    world: World,
    site: tuple[int, int, int],
    replicas: tuple[Table, Table, Table],
    needs: tuple[Table, Members],
    found: Table,
    share: Shares,
) -> None:
    """Offer the hosts of a site that may run it; `site` comes with its points and its fine."""
    number, total, fine = site
    spreads, standing, counts = replicas
    value = total - fine * FINE
    block = world[5][number, FIRST_BLOCK]
    while block != NONE:
        is_equal = value == found[VALUE] and total == found[TOTAL]
        if may_hold(world[2], block, needs[0]) and not (is_equal and world[4][block] < share[0]):
            for slot in range(world[2][block, COUNT]):
                row = world[3][block, slot]
                if may_run(world, row, needs[0], needs[1]):
                    more = 0
                    if len(spreads) > 0:
                        more = fine_at_host(row, spreads, standing, counts)
                    if more != BANNED:
                        offer(world[0], row, total, fine + more, found, share)
        block = world[2][block, NEXT]


@compiled
def choose_host(
    world: World,
    points: tuple[Members, Members],
    marks: Table,
    replicas: tuple[Table, Table, Table],
    needs: tuple[Table, Members],
    found: Table,
) -> int:
    """The row of the best host, or `NONE`; `points` are the allowed sites and their points.

    A site is passed over when all its points could not make it the best.
    """
    allowed, totals = points
    spreads, standing, counts = replicas
    has_spreads = len(spreads) > 0 and len(standing) > 0
    if has_spreads:
        counts[:] = needs[0][TO_COME]
        counts[OVER_HOST] += needs[0][HOSTS_TAKEN]
        counts[SITE_COLUMNS] += len(standing) + 1
        mark(world, standing, marks, counts)
    found[ROW], found[VALUE], found[TOTAL], found[IS_TIED] = NONE, NOTHING, NOTHING, 0
    share = np.zeros(1)
    for at in range(len(allowed)):
        total = totals[at]
        if total < found[VALUE] or (total == found[VALUE] and total < found[TOTAL]):
            continue
        fine = 0
        if has_spreads:
            fine = fine_at_site(world, allowed[at], spreads, marks, counts)
        if fine != BANNED:
            look_at_site(world, (allowed[at], total, fine), replicas, needs, found, share)
    if has_spreads:
        unmark(world, standing, marks)
    return int(found[ROW])


@compiled
def score(
    world: World,
    points: tuple[Members, Members],
    goals: tuple[Shares, Table, Shares, Shares],
    needs: tuple[Table, Members],
) -> None:
    """Bring the points up to date: they follow from the best values among what may run it now.

    `goals` are the values of all measures by site, which of them count, their weights, and the
    best values that `points` were counted with.
    """
    values, measures, weights, best = goals
    now = np.empty(len(measures))
    find_best(world, points[0], values, measures, needs, now)
    is_same = True
    for goal in range(len(measures)):
        if not now[goal] == best[goal]:
            is_same = False
        best[goal] = now[goal]
    if not is_same:
        count_points(points[0], values, measures, weights, best, points[1])


@compiled
def decide(
    world: World,
    points: tuple[Members, Members],
    goals: tuple[Shares, Table, Shares, Shares],
    marks: Table,
    replicas: tuple[Table, Table, Table],
    needs: tuple[Table, Members],
    found: Table,
) -> int:
    """One exact decision: the row of the best host, or `NONE`."""
    score(world, points, goals, needs)
    return choose_host(world, points, marks, replicas, needs, found)


@compiled
def list_fitting(
    world: World,
    allowed: Members,
    needs: tuple[Table, Members],
    rows: Members,
    places: Members,
) -> int:
    """How many hosts may run it; which, and where their sites stand in `allowed`."""
    count = 0
    for at in range(len(allowed)):
        block = world[5][allowed[at], FIRST_BLOCK]
        while block != NONE:
            if may_hold(world[2], block, needs[0]):
                for slot in range(world[2][block, COUNT]):
                    row = world[3][block, slot]
                    if may_run(world, row, needs[0], needs[1]):
                        rows[count], places[count] = row, at
                        count += 1
            block = world[2][block, NEXT]
    return count


@compiled
def refresh(world: World, block: int) -> None:
    """What is the most in a block, after one of its hosts was changed."""
    hosts, blocks, shares = world[0], world[2], world[4]
    shares[block] = -np.inf
    for column in (MOST_CPUS, MOST_MEMORY, MOST_DISK):
        blocks[block, column] = NOTHING
    for slot in range(blocks[block, COUNT]):
        row = world[3][block, slot]
        if hosts[row, AGENT] < 0:
            continue
        blocks[block, MOST_CPUS] = max(blocks[block, MOST_CPUS], hosts[row, FREE_CPUS])
        blocks[block, MOST_MEMORY] = max(blocks[block, MOST_MEMORY], hosts[row, FREE_MEMORY])
        blocks[block, MOST_DISK] = max(blocks[block, MOST_DISK], hosts[row, FREE_DISK])
        share = hosts[row, FREE_MEMORY] / max(hosts[row, MEMORY], 1)
        shares[block] = max(shares[block], share)


@compiled
def add_room(world: World, row: int, cpus: int, memory: int, disk: int) -> None:
    """Give a host so much more free room, or less."""
    hosts = world[0]
    hosts[row, FREE_CPUS] += cpus
    hosts[row, FREE_MEMORY] += memory
    hosts[row, FREE_DISK] += disk
    refresh(world, hosts[row, BLOCK])
