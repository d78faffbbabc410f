"""The loops over columns: what a decision reads for each site and host, and nothing else.

Every function here means the same plain and compiled.  Tables are arrays of 64-bit integers with
a row for each host, block, site and taken port, and the names below are their columns.  Hosts
stand in blocks of up to `BLOCK_ROWS` of one site; a block knows the most that is free in it, so
most blocks are passed over without a look at their hosts.  Constants stand here because what is
compiled has them inside, and is thrown away when this file changes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hanza.plan.placement.compiler import compiled

Table = NDArray[np.int64]
Members = NDArray[np.int32]
Shares = NDArray[np.float64]
World = tuple[Table, Table, Table, Members, Table, Members]
"""Hosts, when their agents were heard, blocks, hosts of blocks, sites, taken ports."""
Needs = tuple[Table, Members]
"""What is asked of a host, and the ports that are to be free."""
Replicas = tuple[Table, Table, Table, Table]
"""Spreads, the hosts where replicas stand, room to count places, and a mark for every place."""

FREE_CPUS, FREE_MEMORY, FREE_DISK, CPUS, MEMORY, DISK = 0, 1, 2, 3, 4, 5
REFUSES, AGENT, BLOCK, PORTS, ID = 6, 7, 8, 9, 10
"""Until when it refuses; its agent, as `~agent` when it is not offered; the first of its taken
ports; from `ID` on the first `ID_BYTES` of its id, so that their order is that of the ids."""
ID_WORDS = 3
ID_BYTES = 8 * ID_WORDS
HOST_COLUMNS = ID + ID_WORDS

SITE, NEXT, COUNT, MOST_CPUS, MOST_MEMORY, MOST_DISK = 0, 1, 2, 3, 4, 5
MOST_SHARE, LEAST_ID = 6, 7
"""Of a block: its site, the next block of that site, how many hosts; of those that are offered the
most that is free, the largest free share of memory, and the first id."""
BLOCK_COLUMNS = LEAST_ID + ID_WORDS
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
LAST = 2**63 - 1
"""More than anything that is counted."""
ROW, VALUE, TOTAL, FREE_SHARE, IS_TIED = 0, 1, 2, 3, 4
"""Of what was found: the host, its points less its fines, its points, its free share, and whether
another one's id is the same as far as it is looked at."""
FOUND = 5


@compiled
def has_port(hosts: Table, taken: Members, row: int, ports: Members) -> bool:
    """Whether one of these is taken at the host."""
    at = hosts[row, PORTS]
    while at != NONE:
        for port in ports:
            if taken[at, 0] == port:
                return True
        at = taken[at, 1]
    return False


@compiled
def may_run(
    hosts: Table, heard: Table, taken: Members, row: int, need: Table, ports: Members
) -> bool:
    """All rules that differ between hosts of one site."""
    agent = hosts[row, AGENT]
    return bool(
        agent >= 0
        and hosts[row, FREE_CPUS] >= need[NEED_CPUS]
        and hosts[row, FREE_MEMORY] >= need[NEED_MEMORY]
        and hosts[row, FREE_DISK] >= need[NEED_DISK]
        and heard[agent] > need[SINCE]
        and hosts[row, REFUSES] <= need[NOW]
        and (len(ports) == 0 or not has_port(hosts, taken, row, ports))
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
def has_one(world: World, site: int, needs: Needs) -> bool:
    """Whether any host of the site may run it."""
    hosts, heard, blocks, members, sites, taken = world
    need, ports = needs
    block = sites[site, FIRST_BLOCK]
    while block != NONE:
        if may_hold(blocks, block, need):
            for slot in range(blocks[block, COUNT]):
                if may_run(hosts, heard, taken, members[block, slot], need, ports):
                    return True
        block = blocks[block, NEXT]
    return False


@compiled
def find_best(
    world: World,
    allowed: Members,
    values: Shares,
    measures: Table,
    needs: Needs,
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
        if is_better and has_one(world, site, needs):
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


@compiled
def compare_ids(hosts: Table, one: int, other: int) -> int:
    """Less than 0 when the first one's id comes first; 0 when their starts are the same."""
    for column in range(ID, HOST_COLUMNS):
        if hosts[one, column] < hosts[other, column]:
            return -1
        if hosts[one, column] > hosts[other, column]:
            return 1
    return 0


@compiled
def free_share(hosts: Table, row: int) -> int:
    """Of memory, as a whole number in exactly the same order; all below nothing are alike.

    A fraction's exponent stands above its 53 digits: 64-bit sizes have exponents below 64.
    """
    if hosts[row, FREE_MEMORY] < 0:
        return NONE
    digits, exponent = math.frexp(hosts[row, FREE_MEMORY] / max(hosts[row, MEMORY], 1))
    if digits == 0.0:
        return 0
    return (exponent + 64) * 2**53 + int(digits * 2**53)


@compiled
def is_beaten(hosts: Table, blocks: Table, block: int, total: int, found: Table) -> bool:
    """Whether nothing in a block whose hosts have these points can be better than what was found.

    Where the points are equal, by the largest share or the first id in it.
    """
    if found[VALUE] != total or found[TOTAL] != total:
        return bool(total < found[VALUE] or (total == found[VALUE] and total < found[TOTAL]))
    if blocks[block, MOST_SHARE] != found[FREE_SHARE]:
        return bool(blocks[block, MOST_SHARE] < found[FREE_SHARE])
    for word in range(ID_WORDS):
        least, best = blocks[block, LEAST_ID + word], hosts[found[ROW], ID + word]
        if least != best:
            return bool(least > best)
    return False


@compiled
def next_block(
    hosts: Table, blocks: Table, block: int, total: int, need: Table, found: Table
) -> int:
    """The first from this block on that could have something better, or `NONE`."""
    while block != NONE:
        if may_hold(blocks, block, need) and not is_beaten(hosts, blocks, block, total, found):
            return block
        block = blocks[block, NEXT]
    return NONE


@compiled
def offer(hosts: Table, row: int, total: int, fine: int, found: Table) -> None:
    """Keep the host if it is better than the one that was found.

    By points less fines, then points, then the larger free share of memory, then the id.
    """
    value = total - fine * FINE
    share = free_share(hosts, row)
    order = value - found[VALUE]
    if order == 0:
        order = total - found[TOTAL]
    if order == 0:
        order = share - found[FREE_SHARE]
    if order == 0:
        order = -compare_ids(hosts, row, found[ROW])
        if order == 0:
            found[IS_TIED] = 1
    if order > 0:
        found[ROW], found[VALUE], found[TOTAL], found[IS_TIED] = row, value, total, 0
        found[FREE_SHARE] = share


@compiled
def look_at_block(
    world: World,
    block: int,
    points: tuple[int, int],
    replicas: Replicas,
    needs: Needs,
    found: Table,
) -> None:
    """Offer the hosts of a block that may run it; `points` are those of its site, and its fine."""
    hosts, heard, blocks, members, _, taken = world
    spreads, standing, counts, _ = replicas
    need, ports = needs
    total, fine = points
    for slot in range(blocks[block, COUNT]):
        row = members[block, slot]
        if may_run(hosts, heard, taken, row, need, ports):
            more = 0
            if len(spreads) > 0:
                more = fine_at_host(row, spreads, standing, counts)
            if more != BANNED:
                offer(hosts, row, total, fine + more, found)


@compiled
def choose_host(
    world: World,
    points: tuple[Members, Members],
    replicas: Replicas,
    needs: Needs,
    found: Table,
) -> int:
    """The row of the best host, or `NONE`; `points` are the allowed sites and their points.

    Sites and blocks are passed over by what is known of all their hosts together, and what a site
    is fined is asked only after that.
    """
    hosts, _, blocks, _, sites, _ = world
    allowed, totals = points
    spreads, _, counts, marks = replicas
    need = needs[0]
    has_marks = mark(world, replicas, need)
    found[:] = NOTHING
    found[ROW], found[IS_TIED] = NONE, 0
    for at in range(len(allowed)):
        site, total = allowed[at], totals[at]
        if total < found[VALUE]:
            continue
        block = next_block(hosts, blocks, sites[site, FIRST_BLOCK], total, need, found)
        if block == NONE:
            continue
        fine = 0
        if has_marks:
            fine = fine_at_site(sites, site, spreads, marks, counts)
        while block != NONE and fine != BANNED:
            look_at_block(world, block, (total, fine), replicas, needs, found)
            block = next_block(hosts, blocks, blocks[block, NEXT], total, need, found)
    if has_marks:
        unmark(world, replicas)
    return int(found[ROW])


@compiled
def score(
    world: World,
    points: tuple[Members, Members],
    goals: tuple[Shares, Table, Shares, Shares],
    needs: Needs,
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
        if now[goal] != best[goal]:
            is_same = False
        best[goal] = now[goal]
    if not is_same:
        count_points(points[0], values, measures, weights, best, points[1])


@compiled
def decide(
    world: World,
    points: tuple[Members, Members],
    goals: tuple[Shares, Table, Shares, Shares],
    replicas: Replicas,
    needs: Needs,
    found: Table,
) -> int:
    """One exact decision: the row of the best host, or `NONE`."""
    score(world, points, goals, needs)
    return choose_host(world, points, replicas, needs, found)


@compiled
def list_fitting(
    world: World, allowed: Members, needs: Needs, rows: Members, places: Members
) -> int:
    """How many hosts may run it; which, and where their sites stand in `allowed`."""
    hosts, heard, blocks, members, sites, taken = world
    need, ports = needs
    count = 0
    for at in range(len(allowed)):
        block = sites[allowed[at], FIRST_BLOCK]
        while block != NONE:
            if may_hold(blocks, block, need):
                for slot in range(blocks[block, COUNT]):
                    row = members[block, slot]
                    if may_run(hosts, heard, taken, row, need, ports):
                        rows[count], places[count] = row, at
                        count += 1
            block = blocks[block, NEXT]
    return count


@compiled
def refresh(world: World, block: int) -> None:
    """What is the most in a block, after one of its hosts was changed."""
    hosts, _, blocks, members, _, _ = world
    blocks[block, MOST_CPUS:] = NOTHING
    blocks[block, LEAST_ID:] = LAST
    for slot in range(blocks[block, COUNT]):
        row = members[block, slot]
        if hosts[row, AGENT] < 0:
            continue
        blocks[block, MOST_CPUS] = max(blocks[block, MOST_CPUS], hosts[row, FREE_CPUS])
        blocks[block, MOST_MEMORY] = max(blocks[block, MOST_MEMORY], hosts[row, FREE_MEMORY])
        blocks[block, MOST_DISK] = max(blocks[block, MOST_DISK], hosts[row, FREE_DISK])
        blocks[block, MOST_SHARE] = max(blocks[block, MOST_SHARE], free_share(hosts, row))
        for word in range(ID_WORDS):
            mine, least = hosts[row, ID + word], blocks[block, LEAST_ID + word]
            if mine < least:
                blocks[block, LEAST_ID:] = hosts[row, ID:]
            if mine != least:
                break


@compiled
def add_room(world: World, row: int, cpus: int, memory: int, disk: int) -> None:
    """Give a host so much more free room, or less."""
    hosts = world[0]
    hosts[row, FREE_CPUS] += cpus
    hosts[row, FREE_MEMORY] += memory
    hosts[row, FREE_DISK] += disk
    refresh(world, hosts[row, BLOCK])
