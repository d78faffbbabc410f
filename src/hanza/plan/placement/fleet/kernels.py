"""The loops of a decision: what it reads for each site and host, and nothing else.

Every function here means the same plain and compiled.
"""

import numpy as np

from hanza.plan.placement.compiler import compiled
from hanza.plan.placement.fleet.blocks import free_share, room_points
from hanza.plan.placement.fleet.fines import fine_at_host, fine_at_site, mark, unmark
from hanza.plan.placement.fleet.layout import (
    AGENT,
    BANNED,
    COUNT,
    FINE,
    FIRST_BLOCK,
    FREE_CPUS,
    FREE_DISK,
    FREE_MEMORY,
    FREE_SHARE,
    FULL,
    HOST_COLUMNS,
    ID,
    IS_TIED,
    LEAST_ID,
    MOST_CPUS,
    MOST_DISK,
    MOST_MEMORY,
    MOST_SHARE,
    NEED_CPUS,
    NEED_DISK,
    NEED_MEMORY,
    NEXT,
    NONE,
    NOTHING,
    NOW,
    PORTS,
    REFUSES,
    ROW,
    SINCE,
    TOTAL,
    VALUE,
    Members,
    Needs,
    Replicas,
    Shares,
    Table,
    World,
)


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

    What no host may run at may be better than the best, and what it has does not matter.  The last
    weight is that of room, which is no site's.
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
def compare_ids(hosts: Table, one: int, other: int) -> int:
    """Less than 0 when the first one's id comes first; 0 when their starts are the same."""
    for column in range(ID, HOST_COLUMNS):
        if hosts[one, column] < hosts[other, column]:
            return -1
        if hosts[one, column] > hosts[other, column]:
            return 1
    return 0


@compiled
def is_behind(blocks: Table, block: int, share: int, ids: tuple[int, int, int]) -> bool:
    """Whether all that a block has comes after a host with this free share and id."""
    most = blocks[block, MOST_SHARE]
    if most != share:
        return bool(most < share)
    if blocks[block, LEAST_ID] != ids[0]:
        return bool(blocks[block, LEAST_ID] > ids[0])
    if blocks[block, LEAST_ID + 1] != ids[1]:
        return bool(blocks[block, LEAST_ID + 1] > ids[1])
    return bool(blocks[block, LEAST_ID + 2] > ids[2])


@compiled
def next_site(
    world: World,
    points: tuple[Members, Members],
    room: tuple[float, float],
    start: int,
    need: Table,
    found: Table,
) -> int:
    """The first from this one on that could have something better, or how many there are.

    Most of what a decision reads is read here, and what was found is read once.  A host has its
    site's points and no more for its room than the emptiest of its block.
    """
    hosts, _, blocks, _, sites, _ = world
    allowed, totals = points
    value, best, share, row = found[VALUE], found[TOTAL], found[FREE_SHARE], max(found[ROW], 0)
    ids = (hosts[row, ID], hosts[row, ID + 1], hosts[row, ID + 2])
    has_room, least = room[0] > 0.0, value
    if has_room:
        least -= int(np.rint(room[0] / room[1]))
    for at in range(start, len(allowed)):
        if totals[at] < least:
            return len(allowed)
        hoped = totals[at]
        block = sites[allowed[at], FIRST_BLOCK]
        while block != NONE:
            if has_room:
                hoped = totals[at] + room_points(blocks[block, MOST_SHARE], room)
            if (
                hoped >= value
                and may_hold(blocks, block, need)
                and not (hoped == value and value == best and is_behind(blocks, block, share, ids))
            ):
                return at
            block = blocks[block, NEXT]
    return len(allowed)


@compiled
def offer(
    hosts: Table, row: int, points: tuple[int, int], room: tuple[float, float], found: Table
) -> None:
    """Keep the host if it is better than the one that was found.

    By points less fines, then points, then the larger free share of memory, then the id; `points`
    are its site's, and the fine.
    """
    share = free_share(hosts, row)
    total = points[0] + room_points(share, room)
    value = total - points[1] * FINE
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
    points: tuple[int, int, tuple[float, float]],
    replicas: Replicas,
    needs: Needs,
    found: Table,
) -> None:
    """Offer the hosts of a block that may run it; `points` are those of its site, its fine, and
    what room is worth."""
    hosts, heard, blocks, members, _, taken = world
    spreads, standing, counts, _ = replicas
    need, ports = needs
    total, fine, room = points
    row = found[ROW]
    hoped = total + room_points(blocks[block, MOST_SHARE], room)
    if hoped < found[VALUE]:
        return
    if found[VALUE] == hoped and found[TOTAL] == hoped:
        ids = (hosts[row, ID], hosts[row, ID + 1], hosts[row, ID + 2])
        if is_behind(blocks, block, found[FREE_SHARE], ids):
            return
    for slot in range(blocks[block, COUNT]):
        row = members[block, slot]
        if may_run(hosts, heard, taken, row, need, ports):
            more = 0
            if len(spreads) > 0:
                more = fine_at_host(row, spreads, standing, counts)
            if more != BANNED:
                offer(hosts, row, (total, fine + more), room, found)


@compiled
def choose_host(
    world: World,
    points: tuple[Members, Members],
    room: tuple[float, float],
    replicas: Replicas,
    needs: Needs,
    found: Table,
) -> int:
    """The row of the best host, or `NONE`; `points` are the allowed sites, best first, and `room`
    what a host's own is worth.

    Sites are passed over by what is known of all their hosts together, and what a site is fined is
    asked only after that.
    """
    _, _, blocks, _, sites, _ = world
    allowed, totals = points
    spreads, _, counts, marks = replicas
    need = needs[0]
    has_marks = mark(world, replicas, need)
    found[:] = NOTHING
    found[ROW], found[IS_TIED] = NONE, 0
    at = next_site(world, points, room, 0, need, found)
    while at < len(allowed):
        site = allowed[at]
        fine = fine_at_site(sites, site, spreads, marks, counts) if has_marks else 0
        block = sites[site, FIRST_BLOCK]
        while block != NONE and fine != BANNED:
            if may_hold(blocks, block, need):
                look_at_block(world, block, (totals[at], fine, room), replicas, needs, found)
            block = blocks[block, NEXT]
        at = next_site(world, points, room, at + 1, need, found)
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
    """Bring the points up to date, best first: they follow from the best values of what may run it.

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
        allowed, totals = points
        count_points(allowed, values, measures, weights, best, totals)
        order = np.argsort(-totals)
        allowed[:], totals[:] = allowed[order], totals[order]


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
    whole = 0.0
    for weight in goals[2]:
        whole += weight
    return choose_host(world, points, (FULL * goals[2][-1], whole), replicas, needs, found)


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
