"""The loops that keep blocks: what is the most in each, after one of its hosts was changed."""

import math

import numpy as np

from hanza.plan.placement.compiler import compiled
from hanza.plan.placement.fleet.layout import (
    AGENT,
    BLOCK,
    COUNT,
    FREE_CPUS,
    FREE_DISK,
    FREE_MEMORY,
    ID,
    ID_WORDS,
    LEAST_ID,
    MEMORY,
    MOST_CPUS,
    MOST_DISK,
    MOST_MEMORY,
    MOST_SHARE,
    NONE,
    NOTHING,
    Table,
    World,
)


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
def room_points(share: int, room: tuple[float, float]) -> int:
    """What a free share, as `free_share` tells it, is worth, as `score.room_points` counts it.

    `room` are all points times the weight of room, and all weights together.
    """
    if room[0] == 0.0 or share <= 0:
        return 0
    part = math.ldexp(float(share % 2**53), int(share // 2**53) - 117)
    return int(np.rint(room[0] * min(part, 1.0) / room[1]))


@compiled
def keep_first(hosts: Table, row: int, share: int, blocks: Table, block: int) -> None:
    """The first id of those with the largest free share: nothing there comes before it."""
    if share < blocks[block, MOST_SHARE]:
        return
    is_first = share > blocks[block, MOST_SHARE]
    for word in range(ID_WORDS):
        mine, least = hosts[row, ID + word], blocks[block, LEAST_ID + word]
        if is_first or mine < least:
            blocks[block, MOST_SHARE] = share
            blocks[block, LEAST_ID:] = hosts[row, ID:]
            return
        if mine > least:
            return


@compiled
def refresh(world: World, block: int) -> None:
    """What is the most in a block, after one of its hosts was changed."""
    hosts, _, blocks, members, _, _ = world
    blocks[block, MOST_CPUS:] = NOTHING
    for slot in range(blocks[block, COUNT]):
        row = members[block, slot]
        if hosts[row, AGENT] < 0:
            continue
        blocks[block, MOST_CPUS] = max(blocks[block, MOST_CPUS], hosts[row, FREE_CPUS])
        blocks[block, MOST_MEMORY] = max(blocks[block, MOST_MEMORY], hosts[row, FREE_MEMORY])
        blocks[block, MOST_DISK] = max(blocks[block, MOST_DISK], hosts[row, FREE_DISK])
        keep_first(hosts, row, free_share(hosts, row), blocks, block)


@compiled
def add_room(world: World, row: int, cpus: int, memory: int, disk: int) -> None:
    """Give a host so much more free room, or less."""
    hosts = world[0]
    hosts[row, FREE_CPUS] += cpus
    hosts[row, FREE_MEMORY] += memory
    hosts[row, FREE_DISK] += disk
    refresh(world, hosts[row, BLOCK])
