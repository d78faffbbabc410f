"""How the columns are laid out: arrays of 64-bit integers, and what stands in which column.

A row for each host, block, site and taken port.  Hosts stand in blocks of up to `BLOCK_ROWS` of
one site; a block knows the most that is free in it, so most blocks are passed over without a look
at their hosts.
"""

import numpy as np
from numpy.typing import NDArray

from hanza.model.policy import Over

Table = NDArray[np.int64]
Members = NDArray[np.int32]
Shares = NDArray[np.float64]
Mask = NDArray[np.bool_]
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
most that is free, the largest free share of memory, and the first id that has it."""
BLOCK_COLUMNS = LEAST_ID + ID_WORDS
BLOCK_ROWS = 32

FIRST_BLOCK, SITE_PLACE, PROVIDER_PLACE, COUNTRY_PLACE = 0, 1, 2, 3
"""Of a site: its first block, and the places it is for spreads, each with a number of its own."""
SITE_COLUMNS = 4

OVER_HOST = 0
"""A spread is over this, or over the column of the place in the table of sites."""
OVERS: dict[Over, int] = {
    "host": OVER_HOST,
    "site": SITE_PLACE,
    "provider": PROVIDER_PLACE,
    "country": COUNTRY_PLACE,
}
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
ROW, VALUE, TOTAL, FREE_SHARE, IS_TIED = 0, 1, 2, 3, 4
"""Of what was found: the host, its points less its fines, its points, its free share, and whether
another one's id is the same as far as it is looked at."""
FOUND = 5
